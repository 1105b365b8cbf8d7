import { Module } from '@nestjs/common';
import { EventFeed } from './event-feed.js';
import { EventFeedController } from './event-feed.controller.js';

/** All events over HTTP: in pages, and as they come. */
@Module({ controllers: [EventFeedController], providers: [EventFeed], exports: [EventFeed] })
export class EventFeedModule {}
