/** Failures that spoke explains: each message rule is provoked once on the cluster. */
import type {ExecutionContext} from 'ava';
import {messageRules} from '../../../source/cluster/server-messages/explain-message.ts';

/** Rules that files other than failures.cluster.ts provoke, because a tunnel must be broken for them. */
export const provokedInTunnels = {
	'tunnel-outage': ['G2', 'G3', 'H4', 'H6', 'H7'],
	'without-agents': ['G1', 'H1'],
} as const;

/** `serverText` matches the server's message, `meaning` the output if the command has its own text for it. */
export type Explanation = {id: string; output: string; serverText: RegExp; meaning?: RegExp | undefined};

export function assertExplained(t: Pick<ExecutionContext, 'true'>, {id, output, serverText, meaning: ownMeaning}: Explanation): void {
	const meanings = messageRules.filter(row => row.id === id).map(({meaning}) => meaning);
	t.true(ownMeaning?.test(output) ?? meanings.some(meaning => output.includes(meaning)), `${id} is explained: ${output}`);
	t.true(serverText.test(output), `the server's text is kept: ${output}`);
}
