import { Body, Controller, HttpCode, Post, Res } from '@nestjs/common';
import { ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { Response } from 'express';
import { EncryptedQueueClient, InjectEncryptedQueue, UnprocessableMessageError } from 'nestjs-azure-encrypted-storage';
import { ApiProblems } from '../http/openapi.js';
import { Referral, ReferralReceived, ReferralSent } from './referral.dto.js';

export const REFERRALS = 'referrals';

@ApiTags('referrals')
@Controller('referrals')
export class ReferralsController {
  constructor(@InjectEncryptedQueue(REFERRALS) private readonly queue: EncryptedQueueClient) {}

  @Post()
  @HttpCode(202)
  @ApiOperation({ summary: 'Send a referral' })
  @ApiResponse({ status: 202, type: ReferralSent })
  @ApiProblems({ 400: 'The referral is not valid' })
  async send(@Body() { patient, to, reason }: Referral): Promise<ReferralSent> {
    const { messageId } = await this.queue.sendMessage(JSON.stringify({ patient, to, reason }));
    return { messageId };
  }

  @Post('next')
  @HttpCode(200)
  @ApiOperation({
    summary: 'Receive the next referral',
    description:
      'It leaves the queue. One that cannot be decrypted stays, is a problem now and the next receiver gets another.',
  })
  @ApiResponse({ status: 200, type: ReferralReceived })
  @ApiResponse({ status: 204, description: 'None waits' })
  @ApiProblems({ 500: 'It was changed', 503: 'The key cannot be reached: it stays in the queue' })
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
}

/** A parser's own error would quote the text. */
function referralIn(text: string): Referral {
  try {
    return JSON.parse(text) as Referral;
  } catch {
    throw new UnprocessableMessageError('The message is no referral: look who else sends to the queue');
  }
}
