/** Makes the product's own delays pass at once: worlds have no time of their own. Import this before anything of source/. */
import {registerHooks} from 'node:module';

const immediate = `data:text/javascript,${encodeURIComponent(`
	import {setImmediate as turn} from 'node:timers/promises?real';
	export {setImmediate, setInterval, scheduler} from 'node:timers/promises?real';
	export const setTimeout = async (ms, value) => { await turn(); return value; };
`)}`;

registerHooks({
	resolve(specifier, context, nextResolve) {
		if (specifier === 'node:timers/promises?real') {
			return nextResolve('node:timers/promises', context);
		}

		return specifier === 'node:timers/promises' && context.parentURL?.includes('/source/')
			? {url: immediate, shortCircuit: true, format: 'module'}
			: nextResolve(specifier, context);
	},
});
