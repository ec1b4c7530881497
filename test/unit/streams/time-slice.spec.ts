import { Readable } from 'node:stream';
import type { ByteTransform } from '../../../src/crypto/byte-transform.js';
import { openedPieces } from '../../../src/streams/opened-stream.js';
import { STEP_LENGTH, stepsOf, TimeSlice } from '../../../src/streams/time-slice.js';

/** A clock that only work moves. */
class WorkClock {
  now = 0;
  /** Milliseconds of work since the event loop had its last turn. */
  held = 0;
  longest = 0;
  private turns: NodeJS.Immediate | null = null;

  work(milliseconds: number): void {
    this.now += milliseconds;
    this.held += milliseconds;
    this.longest = Math.max(this.longest, this.held);
  }

  watch(): void {
    this.held = 0;
    this.turns = setImmediate(() => this.watch());
  }

  stop(): void {
    if (this.turns !== null) clearImmediate(this.turns);
  }
}

describe('a slice of time', () => {
  it.each([0.05, 0.3, 0.9])('lets the loop turn within 2 ms while steps take %d ms', async (stepMs) => {
    const clock = new WorkClock();
    const slice = new TimeSlice(() => clock.now);
    clock.watch();

    for (let step = 0; step < 200; step += 1) {
      clock.work(stepMs);
      await slice.breathe();
    }
    clock.stop();

    expect(clock.now).toBeCloseTo(200 * stepMs);
    expect(clock.longest).toBeLessThan(2);
  });

  it('takes no turn for work that is over sooner', async () => {
    const clock = new WorkClock();
    const slice = new TimeSlice(() => clock.now);
    let turns = 0;
    const turn = setImmediate(() => turns++);

    clock.work(0.9);
    await slice.breathe();

    expect(turns).toBe(0);
    clearImmediate(turn);
  });
});

describe('opening a body', () => {
  it('takes chunks of any length in small steps, and turns the loop between them', async () => {
    const clock = new WorkClock();
    const steps: number[] = [];
    const transform: ByteTransform = {
      push: (step) => {
        steps.push(step.length);
        clock.work(0.4);
        return [];
      },
      finish: () => [],
    };
    clock.watch();
    const body = Readable.from([Buffer.alloc(100 * STEP_LENGTH), Buffer.alloc(1)]);

    for await (const piece of openedPieces(body, transform, new TimeSlice(() => clock.now))) expect(piece).toBeNull();
    clock.stop();

    expect(steps).toEqual([...Array.from({ length: 100 }, () => STEP_LENGTH), 1]);
    expect(clock.longest).toBeLessThan(2);
  });
});

describe('steps', () => {
  it.each([0, 1, STEP_LENGTH - 1, STEP_LENGTH, STEP_LENGTH + 1, 3 * STEP_LENGTH])(
    'of %d bytes are all of them',
    (length) => {
      const chunk = Buffer.alloc(length, 7);

      const steps = [...stepsOf(chunk)];

      expect(Buffer.concat(steps).equals(chunk)).toBe(true);
      expect(steps.every((step) => step.length <= STEP_LENGTH && step.length > 0)).toBe(true);
    },
  );
});
