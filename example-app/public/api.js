/** The HTTP API of the clinic. A refusal is thrown, with its problem details. */

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
  if (answer.ok) return answer;
  throw new Refusal(await answer.json());
}

/** The JSON of an answer, `null` where it has none. */
export async function callJson(path, init) {
  const answer = await call(path, init);
  return answer.status === 204 ? null : answer.json();
}

export const posted = (body) => ({
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(body),
});

/** Sends a file and tells of its progress, which `fetch` cannot. Resolves to what the clinic answers. */
export function upload(path, file, { onProgress, signal }) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open('PUT', path);
    request.setRequestHeader('content-type', file.type || 'application/octet-stream');
    request.responseType = 'json';
    request.upload.onprogress = ({ loaded, total }) => onProgress(loaded, total);
    request.onload = () => (request.status < 300 ? resolve(request.response) : reject(new Refusal(request.response)));
    request.onerror = () => reject(new Error('The upload broke off. The scan is as it was before.'));
    request.onabort = () => reject(new Error('Cancelled. The scan is as it was before.'));
    signal.addEventListener('abort', () => request.abort());
    request.send(file);
  });
}
