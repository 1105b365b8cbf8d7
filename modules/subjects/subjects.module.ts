import { Module } from '@nestjs/common';
import { PlatformModule } from '#platform/platform.module';
import { subject } from './subject.js';
import { SubjectErasure } from './subject-erasure.js';
import { SubjectsController } from './subjects.controller.js';

/** Whose personal data there is, and how it ends. */
@Module({
  imports: [PlatformModule.forObjects([subject])],
  controllers: [SubjectsController],
  providers: [SubjectErasure],
  exports: [SubjectErasure],
})
export class SubjectsModule {}
