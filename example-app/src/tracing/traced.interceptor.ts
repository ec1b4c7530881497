import {
  applyDecorators,
  type CallHandler,
  type ExecutionContext,
  Injectable,
  type NestInterceptor,
  UseInterceptors,
} from '@nestjs/common';
import { context, type Span, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { finalize, Observable, tap } from 'rxjs';

/** Gives every request a span named after its handler, without any content of the request. */
@Injectable()
class TracedInterceptor implements NestInterceptor {
  intercept(execution: ExecutionContext, next: CallHandler): Observable<unknown> {
    const name = `${execution.getClass().name}.${execution.getHandler().name}`;
    const span = trace.getTracer('clinic').startSpan(name, { kind: SpanKind.SERVER, root: true });
    return new Observable((subscriber) =>
      context.with(trace.setSpan(context.active(), span), () =>
        next
          .handle()
          .pipe(
            tap({ error: failed(span) }),
            finalize(() => span.end()),
          )
          .subscribe(subscriber),
      ),
    );
  }
}

const failed =
  (span: Span) =>
  (error: unknown): void => {
    span.setStatus({ code: SpanStatusCode.ERROR, message: (error as Error).name });
  };

/** Shows the requests of a controller, or of a handler, among the traces. */
export const Traced = (): MethodDecorator & ClassDecorator => applyDecorators(UseInterceptors(TracedInterceptor));
