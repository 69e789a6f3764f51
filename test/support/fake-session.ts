import type {Session} from '../../source/session/frame/session.ts';

/** A session that has only what a test gives it. To read anything else of it is an error that names what is missing. */
export function fakeSession(given: object): Session {
	return new Proxy(given, {
		get(target, name, receiver) {
			if (!(name in target) && typeof name === 'string' && name !== 'then') {
				throw new TypeError(`the test gives its session no ${name}`);
			}

			return Reflect.get(target, name, receiver) as unknown;
		},
	}) as Session;
}
