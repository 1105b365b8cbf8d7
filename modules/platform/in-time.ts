/** The answer, where it comes within so many milliseconds; rejects where it does not. What hangs must not hang who asks for it. */
export async function inTime<T>(answer: Promise<T>, milliseconds: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const impatience = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new NoAnswerInTime(milliseconds)), milliseconds);
  });
  try {
    return await Promise.race([answer, impatience]);
  } finally {
    clearTimeout(timer);
  }
}

export class NoAnswerInTime extends Error {
  constructor(milliseconds: number) {
    super(`No answer within ${milliseconds} ms.`);
  }
}
