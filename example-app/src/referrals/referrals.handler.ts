import { Injectable, type OnModuleDestroy } from '@nestjs/common';
import {
  EncryptedQueueConsumers,
  EncryptedQueueHandler,
  type EncryptedQueueMessage,
} from 'nestjs-azure-encrypted-storage';
import { BehaviorSubject } from 'rxjs';
import { type HandlerState, Referral } from './referral.dto.js';

export const REFERRALS = 'referrals';
/** The number of referrals shown. */
const KEPT = 5;

/** Handles referrals as they arrive. It is started manually here, so that you can look at a waiting message. */
@Injectable()
export class ReferralsHandler implements OnModuleDestroy {
  /** The state now, and every state from now on. */
  readonly state = new BehaviorSubject<HandlerState>({ isRunning: false, handled: [] });

  constructor(private readonly consumers: EncryptedQueueConsumers) {}

  @EncryptedQueueHandler(REFERRALS, { createIfNotExists: true, autoStart: false, maxPollDelay: 1 })
  async handle(message: EncryptedQueueMessage): Promise<void> {
    const { patient, to, reason } = await message.json(Referral);
    const { id: messageId, dequeueCount } = message;
    // a message may be delivered twice, with the same id
    const others = this.state.value.handled.filter((other) => other.messageId !== messageId);
    this.#report({ handled: [{ messageId, dequeueCount, patient, to, reason }, ...others].slice(0, KEPT) });
  }

  async start(): Promise<void> {
    await this.consumers.get(REFERRALS).start();
    this.#report({ isRunning: true });
  }

  async stop(): Promise<void> {
    await this.consumers.get(REFERRALS).stop();
    this.#report({ isRunning: false });
  }

  onModuleDestroy(): void {
    this.state.complete();
  }

  #report(news: Partial<HandlerState>): void {
    const { isRunning, handled } = this.state.value;
    this.state.next({ ...{ isRunning, handled }, ...news });
  }
}
