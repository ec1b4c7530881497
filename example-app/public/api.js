/** The HTTP API of the clinic. Throws a refusal with its problem details. */

export class Refusal extends Error {
  constructor(problem) {
    super([`${problem.code}: ${problem.detail}`, ...(problem.errors ?? [])].join('. '));
    this.problem = problem;
  }
}

export async function call(path, init = {}) {
  const answer = await fetch(path, init).catch(() => {
    throw new Error('The clinic does not answer. Is it still running?');
  });
  if (!path.startsWith('traces')) document.dispatchEvent(new Event('answered'));
  if (answer.ok) return answer;
  throw new Refusal(await problemIn(answer));
}

/** The problem details of an answer, which may come from an intermediary instead. */
async function problemIn(answer) {
  const { status } = answer;
  return answer
    .json()
    .catch(() => ({ status, code: `STATUS_${status}`, detail: 'The answer does not come from the clinic' }));
}

/** The JSON of an answer, or `null` if it has none. */
export async function callJson(path, init) {
  const answer = await call(path, init);
  return answer.status === 204 ? null : answer.json();
}

export const posted = (body) => ({
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(body),
});

const refusalOf = ({ status, response }) =>
  new Refusal(response ?? { status, code: `STATUS_${status}`, detail: 'The answer does not come from the clinic' });

/** Sends a form with a file and reports its progress, which `fetch` cannot. Resolves to the answer of the clinic. */
export function upload(path, form, { onProgress, signal }) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open('POST', path);
    request.responseType = 'json';
    request.upload.onprogress = ({ loaded, total }) => onProgress(loaded, total);
    request.onload = () => (request.status < 300 ? resolve(request.response) : reject(refusalOf(request)));
    request.onerror = () => reject(new Error('The upload broke off. Nothing is stored.'));
    request.onabort = () => reject(new Error('Cancelled. Nothing is stored.'));
    signal.addEventListener('abort', () => request.abort());
    request.send(form);
  });
}
