/** Counts what is stored by key, and rewraps what is under a former key. One rotation at a time. */
import { ConflictException, Inject, Injectable, type OnModuleDestroy } from '@nestjs/common';
import {
  type CensusEntry,
  EncryptedBlobService,
  type MaintenanceEvent,
  type MaintenanceSource,
  type MaintenanceTask,
  runMaintenance,
} from 'nestjs-azure-encrypted-storage';
import { BehaviorSubject } from 'rxjs';
import { ClinicSettings } from '../configuration/clinic-settings.js';
import { problemOf } from '../http/problem.js';
import { logProblem } from '../http/problem-log.js';
import { LETTERS } from '../letters/letters.controller.js';
import { SCANS } from '../scans/scans.controller.js';
import type { Inventory, RotationProgress } from './maintenance.dto.js';
import { PATIENT_ROWS } from '../patients/patients.module.js';

/** Slow enough to watch when everything runs on one computer. */
const REQUESTS_PER_SECOND = 20;

@Injectable()
export class KeyRotation implements OnModuleDestroy {
  /** The state of the last rotation, and every state from now on. */
  readonly progress = new BehaviorSubject<RotationProgress>({ state: 'idle', total: 0, done: 0, failed: 0 });
  readonly #ending = new AbortController();

  constructor(
    private readonly blobs: EncryptedBlobService,
    @Inject(PATIENT_ROWS) private readonly patients: MaintenanceSource,
    private readonly settings: ClinicSettings,
  ) {}

  async inventory(): Promise<Inventory> {
    const { keys, demonstration } = this.settings;
    const counts = new Map<string, Inventory['entries'][number]>();
    for (const { keyId, protocol, count } of await this.#census()) {
      const key = keyId ?? '(plaintext)';
      const known = counts.get(`${protocol} ${key}`)?.count ?? 0;
      const isFormer = keyId !== null && !keys.writesWith(keyId);
      counts.set(`${protocol} ${key}`, { key, protocol, isFormer, count: known + count });
    }
    const entries = [...counts.values()].sort((one, other) => other.count - one.count);
    return { writes: keys.writes, canRotate: demonstration && keys.rotate !== undefined, entries };
  }

  /** Creates a new key in a demonstration, then rewraps objects under other keys. Returns once it has started. */
  async start(): Promise<RotationProgress> {
    if (this.progress.value.state === 'running')
      throw new ConflictException('A rotation is running: wait until it ends');
    const { keys, demonstration } = this.settings;
    if (demonstration) keys.rotate?.();
    this.progress.next({ state: 'running', total: 0, done: 0, failed: 0 });
    void this.#run().catch((error: unknown) => this.#stop(error));
    return this.progress.value;
  }

  onModuleDestroy(): void {
    this.#ending.abort();
    this.progress.complete();
  }

  async #run(): Promise<void> {
    const left = await this.#formerEntries();
    const retire = [...new Set(left.map(({ keyId }) => keyId as string))];
    this.#report({ total: left.reduce((sum, { count }) => sum + count, 0) });
    const report = retire.length === 0 ? null : await this.#maintain({ do: 'rewrap', retire }, this.#follow);
    const isOver = report === null || report.census.verdict?.mayDestroy === 'after';
    this.#report({
      state: isOver ? 'done' : 'left',
      done: report?.outcomes.done ?? 0,
      failed: report?.failures.length ?? 0,
    });
  }

  #stop(error: unknown): void {
    // the application is shutting down, so no more progress is reported
    if (this.#ending.signal.aborted) return;
    const problem = problemOf(error);
    logProblem(problem, error);
    this.#report({ state: 'stopped', problem });
  }

  readonly #follow = (event: MaintenanceEvent): void => {
    if (event.kind === 'progress' && event.pass === 'work') this.#report({ done: event.done, failed: event.failed });
  };

  #report(news: Partial<RotationProgress>): void {
    const { state, total, done, failed } = this.progress.value;
    this.progress.next({ ...{ state, total, done, failed }, ...news });
  }

  async #formerEntries(): Promise<readonly CensusEntry[]> {
    const entries = await this.#census();
    return entries.filter(({ keyId }) => keyId !== null && !this.settings.keys.writesWith(keyId));
  }

  async #census(): Promise<readonly CensusEntry[]> {
    return (await this.#maintain({ do: 'census' })).census.entries;
  }

  #maintain(task: MaintenanceTask, onEvent: (event: MaintenanceEvent) => void = () => undefined) {
    const container = (name: string) => this.blobs.getContainerClient(this.settings.nameOf(name)).forMaintenance();
    const sources: MaintenanceSource[] = [container(SCANS), container(LETTERS), this.patients];
    const pace = task.do === 'census' ? {} : { requestsPerSecond: REQUESTS_PER_SECOND };
    return runMaintenance({ name: task.do, task, sources }, { ...pace, onEvent, abortSignal: this.#ending.signal });
  }
}
