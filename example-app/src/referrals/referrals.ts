import {
  BadRequestException,
  Body,
  Controller,
  Get,
  HttpCode,
  Inject,
  Injectable,
  Logger,
  type OnApplicationBootstrap,
  type OnModuleDestroy,
  Post,
} from '@nestjs/common';
import { setTimeout as pause } from 'node:timers/promises';
import { EncryptedQueueClient, InjectEncryptedQueue } from 'nestjs-azure-encrypted-storage';

export const REFERRALS = 'referrals';
const IDLE_MS = 250;

export interface Referral {
  readonly patient: string;
  readonly to: string;
  readonly reason: string;
}

/** Takes referrals from the queue, one after another, until the app stops. */
@Injectable()
export class ReferralsConsumer implements OnApplicationBootstrap, OnModuleDestroy {
  readonly processed: Referral[] = [];
  private readonly logger = new Logger(ReferralsConsumer.name);
  private readonly stopping = new AbortController();
  private running: Promise<void> = Promise.resolve();

  constructor(@InjectEncryptedQueue(REFERRALS) private readonly queue: EncryptedQueueClient) {}

  onApplicationBootstrap(): void {
    this.running = this.run();
  }

  async onModuleDestroy(): Promise<void> {
    this.stopping.abort();
    await this.running;
  }

  private async run(): Promise<void> {
    const { signal } = this.stopping;
    while (!signal.aborted) {
      const taken = await this.takeOne().catch((error: unknown) => {
        this.logger.error(error);
        return false;
      });
      if (!taken) await pause(IDLE_MS, undefined, { signal }).catch(() => undefined);
    }
  }

  private async takeOne(): Promise<boolean> {
    const { receivedMessageItems } = await this.queue.receiveMessages({
      // a message that cannot be decrypted is nobody's referral: it is told of and removed
      onDecryptionFailed: async ({ message, error }) => {
        this.logger.warn(`A referral cannot be read: ${error.code}`);
        if ('popReceipt' in message) await this.queue.deleteMessage(message.messageId, message.popReceipt);
      },
    });
    for (const message of receivedMessageItems) {
      this.processed.push(JSON.parse(message.messageText) as Referral);
      await this.queue.deleteMessage(message.messageId, message.popReceipt);
    }
    return receivedMessageItems.length > 0;
  }
}

@Controller('referrals')
export class ReferralsController {
  constructor(
    @InjectEncryptedQueue(REFERRALS) private readonly queue: EncryptedQueueClient,
    @Inject(ReferralsConsumer) private readonly consumer: ReferralsConsumer,
  ) {}

  @Post()
  @HttpCode(202)
  async send(@Body() body: Partial<Referral>): Promise<{ messageId: string }> {
    const { patient, to, reason } = body;
    if (typeof patient !== 'string' || typeof to !== 'string' || typeof reason !== 'string') {
      throw new BadRequestException('A referral has the texts "patient", "to" and "reason"');
    }
    const { messageId } = await this.queue.sendMessage(JSON.stringify({ patient, to, reason }));
    return { messageId };
  }

  /** Referrals that the consumer has taken. */
  @Get()
  list(): readonly Referral[] {
    return this.consumer.processed;
  }
}
