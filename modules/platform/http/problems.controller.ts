import { Controller, Get } from '@nestjs/common';
import { Integer, Text } from '#platform/commands/fields';
import { QueryEndpoint } from './endpoint.js';
import { HttpFault } from './http-fault.js';
import { Parameters } from './input.js';
import { allProblems, findProblem } from './problem-catalogue.js';

class FindProblem {
  @Text({ max: 100 }) code: string;
}

/** A kind of problem, whatever the occasion. */
class ProblemKind {
  @Text() type: string;
  @Text() code: string;
  @Integer() status: number;
  @Text() title: string;
  @Text() cure: string;
}

/** What the `type` of a problem leads to. */
@Controller('problems')
export class ProblemsController {
  @Get()
  @QueryEndpoint({
    summary: 'List the kinds of problems',
    paged: true,
    answer: ProblemKind,
  })
  list() {
    return { items: allProblems() };
  }

  @Get(':code')
  @QueryEndpoint({ summary: 'Explain a kind of problem', answer: ProblemKind, errors: ['problem-not-found'] })
  explain(@Parameters() { code }: FindProblem) {
    const problem = findProblem(code);
    if (problem) return problem;
    throw new HttpFault('problem-not-found', `There is no problem '${code}'. List them with GET /problems.`);
  }
}
