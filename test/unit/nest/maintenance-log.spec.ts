import { InvalidOptionsError } from '../../../src/errors/input.js';
import { DecryptionError } from '../../../src/errors/content.js';
import { logStopped } from '../../../src/nest/maintenance/maintenance-parts.js';
import { logLines } from '../../support/log-lines.js';

const lines = logLines();

describe('a job that has stopped', () => {
  it('is logged with what is wrong with its options, because no new start would help', () => {
    logStopped('leave', new InvalidOptionsError(['key "a" writes', 'container "c" keeps versions\n']));

    expect(lines).toEqual(['Job "leave" has stopped: key "a" writes; container "c" keeps versions\\u000a']);
  });

  it('is logged with the code of any other error, but not with its text', () => {
    logStopped('leave', new DecryptionError());
    logStopped('leave', Object.assign(new Error('/scans/jane-doe'), { code: 'AuthorizationFailure' }));

    expect(lines).toEqual([
      'Job "leave" has stopped, and can be started again: DecryptionError DECRYPTION_FAILED',
      'Job "leave" has stopped, and can be started again: Error AuthorizationFailure',
    ]);
  });

  it('is not logged if the application has stopped it', () => {
    logStopped('leave', Object.assign(new Error('stopped'), { name: 'AbortError' }));

    expect(lines).toEqual([]);
  });
});
