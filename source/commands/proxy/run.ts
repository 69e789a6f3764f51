/** `spoke proxy`. */
import {SpokeError} from '../../errors/spoke-error.ts';
import type {Command} from '../command.ts';
import {runListener} from './run-listener.ts';
import {runOneRequest} from './run-one-request.ts';
import {proxySpec} from './spec.ts';

const verbs = ['get', 'head', 'post', 'put', 'patch', 'delete'];

export const command: Command<typeof proxySpec.flags> = {
	spec: proxySpec,
	async run(invocation) {
		const [verb, target, ...surplus] = [...invocation.positionals, ...(invocation.afterDash ?? [])];
		if (verb === undefined) {
			return runListener(invocation);
		}

		if (!verbs.includes(verb.toLowerCase())) {
			throw new SpokeError(
				'ERR_USAGE',
				`unknown verb ${JSON.stringify(verb)}: it must be one of ${verbs.join(', ')}; without a verb, spoke proxy starts a local API proxy`,
			);
		}

		if (target === undefined || surplus.length > 0) {
			throw new SpokeError('ERR_USAGE', `expected one target after ${verb}, got ${surplus.length + Number(target !== undefined)}`, {
				remedy: `spoke proxy ${verb} svc/web:80/path`,
			});
		}

		return runOneRequest(invocation, verb.toUpperCase(), target);
	},
};
