/** Shows that the application rejects reading something. */
import { code, element } from './dom.js';

export const refused = ({ problem }) => [
  element(
    'div',
    { className: 'refused', role: 'alert' },
    element('p', {}, element('strong', {}, 'Refused: '), element('code', {}, problem.code)),
    element('p', {}, problem.detail),
  ),
  element('h4', {}, `Problem details, status ${problem.status}`),
  code(JSON.stringify(problem, null, 2)),
];
