import type { LoggerService } from '@nestjs/common';
import type { FastifyBaseLogger } from 'fastify';

/** Nest's own lines in the same log. What Nest tells of its start is for developers: level debug. */
export class NestLog implements LoggerService {
  constructor(private readonly logger: FastifyBaseLogger) {}

  log(message: unknown, context?: string): void {
    this.logger.debug({ context }, String(message));
  }

  debug(message: unknown, context?: string): void {
    this.logger.debug({ context }, String(message));
  }

  verbose(message: unknown, context?: string): void {
    this.logger.trace({ context }, String(message));
  }

  warn(message: unknown, context?: string): void {
    this.logger.warn({ context }, String(message));
  }

  error(message: unknown, ...rest: unknown[]): void {
    this.#severe('error', message, rest);
  }

  fatal(message: unknown, ...rest: unknown[]): void {
    this.#severe('fatal', message, rest);
  }

  /**
   * Nest calls with (message, stack?, context?), or with an error. What stops the start, Nest tells here and throws as well;
   * who started the application reports it.
   */
  #severe(level: 'error' | 'fatal', message: unknown, rest: unknown[]): void {
    const context = rest.at(-1);
    if (context === 'ExceptionHandler' || context === 'NestApplication') return;
    if (message instanceof Error) this.logger[level]({ context, err: message }, message.message);
    else this.logger[level]({ context, stack: rest.length > 1 ? rest[0] : undefined }, String(message));
  }
}
