// Ask after a pause, and only ever hear the latest answer.

/**
 * Wrap an asking function so that calls in quick succession become one, and an answer that comes after a newer call
 * is dropped and its request ended.
 *
 * @template A, R
 * @param {object} how
 * @param {(argument: A, signal: AbortSignal) => Promise<R>} how.ask
 * @param {(answer: R, argument: A) => void} how.onAnswer
 * @param {(problem: Error, argument: A) => void} how.onProblem
 * @param {number} how.wait  milliseconds of quiet before asking
 * @returns {{call: (argument: A) => void, cancel: () => void}}
 */
export function latest({ ask, onAnswer, onProblem, wait }) {
  let timer;
  let current = null;

  function cancel() {
    clearTimeout(timer);
    current?.abort();
    current = null;
  }

  async function start(argument) {
    const mine = new AbortController();
    current = mine;
    let answer;
    try {
      answer = await ask(argument, mine.signal);
    } catch (error) {
      if (current === mine) {
        onProblem(error, argument);
      }
      return;
    }
    if (current === mine) {
      onAnswer(answer, argument);
    }
  }

  return {
    call(argument) {
      cancel();
      timer = setTimeout(() => start(argument), wait);
    },
    cancel,
  };
}
