/** Small functions that every part of the page uses. */

export const byId = (id) => document.getElementById(id);

/** An element with properties and children; text is text, never markup. */
export function element(tag, properties = {}, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

export const show = (parent, ...children) => parent.replaceChildren(...children);

/** A list of names and values. */
export const pairs = (entries) =>
  element(
    'dl',
    { className: 'pairs' },
    ...entries.flatMap(([name, value]) => [element('dt', {}, name), element('dd', {}, value)]),
  );

export const code = (text) => element('pre', { className: 'text' }, text);

export function say(id, text, isAlarm = false) {
  const status = byId(id);
  status.classList.toggle('alarm', isAlarm);
  status.textContent = text;
}

const number = new Intl.NumberFormat('en');

export const bytes = (count) => `${number.format(count)} ${count === 1 ? 'byte' : 'bytes'}`;

export function size(count) {
  if (count < 1000) return bytes(count);
  const [unit, divisor] = count < 1e6 ? ['kB', 1e3] : count < 1e9 ? ['MB', 1e6] : ['GB', 1e9];
  return `${(count / divisor).toFixed(1)} ${unit}`;
}

/** Runs the action of a control, and shows errors in the status below it. */
export async function attempt(statusId, work) {
  try {
    await work();
  } catch (error) {
    say(statusId, error.message, true);
  }
}

/** Passes the fields of a form to `work` instead of leaving the page. */
export function onSubmit(form, statusId, work) {
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    const button = form.querySelector('button:not([type])');
    button.disabled = true;
    await attempt(statusId, () => work(Object.fromEntries(new FormData(form))));
    button.disabled = false;
  });
}
