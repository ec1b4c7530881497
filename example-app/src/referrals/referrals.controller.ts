import { Body, Controller, HttpCode, type MessageEvent, Post, Res, Sse } from '@nestjs/common';
import { ApiOperation, ApiProduces, ApiResponse, ApiTags } from '@nestjs/swagger';
import { plainToInstance } from 'class-transformer';
import { validateSync } from 'class-validator';
import type { Response } from 'express';
import { EncryptedQueueClient, InjectEncryptedQueue, UnprocessableMessageError } from 'nestjs-azure-encrypted-storage';
import { map, type Observable } from 'rxjs';
import { ApiProblems } from '../http/openapi.js';
import { Traced } from '../tracing/traced.interceptor.js';
import { HandlerState, Referral, ReferralReceived, ReferralSent } from './referral.dto.js';
import { REFERRALS, ReferralsHandler } from './referrals.handler.js';

@ApiTags('referrals')
@Controller('referrals')
export class ReferralsController {
  constructor(
    @InjectEncryptedQueue(REFERRALS) private readonly queue: EncryptedQueueClient<Referral>,
    private readonly handler: ReferralsHandler,
  ) {}

  @Post()
  @HttpCode(202)
  @Traced()
  @ApiOperation({ summary: 'Send a referral' })
  @ApiResponse({ status: 202, type: ReferralSent })
  @ApiProblems({ 400: 'The referral is not valid' })
  async send(@Body() referral: Referral): Promise<ReferralSent> {
    const { messageId } = await this.queue.sendJson(referral);
    return { messageId };
  }

  @Post('next')
  @HttpCode(200)
  @Traced()
  @ApiOperation({
    summary: 'Receive the next referral manually',
    description: 'Deletes it from the queue. If it cannot be decrypted, it stays and a problem is returned.',
  })
  @ApiResponse({ status: 200, type: ReferralReceived })
  @ApiResponse({ status: 204, description: 'The queue is empty' })
  @ApiProblems({ 500: 'It was changed', 503: 'The key is unavailable, so the message stays in the queue' })
  async receive(@Res({ passthrough: true }) response: Response): Promise<ReferralReceived | undefined> {
    const [message] = (await this.queue.receiveMessages({ numberOfMessages: 1 })).receivedMessageItems;
    if (message === undefined) {
      response.status(204);
      return undefined;
    }
    const { messageId, dequeueCount, messageText, popReceipt } = message;
    const { patient, to, reason } = referralIn(messageText);
    await this.queue.deleteMessage(messageId, popReceipt);
    return { messageId, dequeueCount, patient, to, reason };
  }

  @Post('handler/start')
  @HttpCode(200)
  @ApiOperation({ summary: 'Let the handler process referrals as they arrive' })
  @ApiResponse({ status: 200, type: HandlerState })
  async start(): Promise<HandlerState> {
    await this.handler.start();
    return this.handler.state.value;
  }

  @Post('handler/stop')
  @HttpCode(200)
  @ApiOperation({ summary: 'Stop the handler, so that referrals wait in the queue' })
  @ApiResponse({ status: 200, type: HandlerState })
  async stop(): Promise<HandlerState> {
    await this.handler.stop();
    return this.handler.state.value;
  }

  @Sse('handler')
  @ApiOperation({
    summary: 'Follow the handler',
    description: 'Server-sent events: whether it is running and what it has handled, now and after each change.',
  })
  @ApiProduces('text/event-stream')
  @ApiResponse({ status: 200, type: HandlerState })
  follow(): Observable<MessageEvent> {
    return this.handler.state.pipe(map((data) => ({ data })));
  }
}

/** @throws an error that does not quote the text, as that of a parser would */
function referralIn(text: string): Referral {
  const value = parsedOrNull(text);
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    const referral = plainToInstance(Referral, value);
    if (validateSync(referral).length === 0) return referral;
  }
  throw new UnprocessableMessageError('The message is not a referral: find out who else sends to the queue');
}

function parsedOrNull(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return null;
  }
}
