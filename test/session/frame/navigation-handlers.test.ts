/** Switching clusters. */
import test from 'ava';
import {switchContexts, type NavigationContext} from '../../../source/session/frame/navigation-handlers.ts';
import {OpenClusters} from '../../../source/session/clusters/open-clusters.ts';
import {SpokeError} from '../../../source/base/errors/spoke-error.ts';

test('a failed login closes the cluster client', async t => {
	let closed = 0;
	const access = {
		facts: {context: 'staging'},
		async logIn() {
			throw new SpokeError('ERR_CREDENTIAL_PLUGIN', 'the plugin failed');
		},
		close() {
			closed++;
		},
	};
	const movers = {
		session: {flags: {}, showMessage() {}, open: async () => access},
		clusters: new OpenClusters(() => {}),
		feeds: null,
	} as unknown as NavigationContext;
	await t.throwsAsync(switchContexts(movers, ['staging']), {message: 'the plugin failed'});
	t.is(closed, 1);
});
