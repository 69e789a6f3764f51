/** The sessions of one copy, all in the same pod. */
import {SpokeError} from '../../errors/spoke-error.ts';
import {objectPath} from '../../targets/object-path.ts';
import type {PodObject} from '../../targets/pod-object.ts';
import {podResource} from '../../targets/resource-names.ts';
import type {CopyDirection} from './copy-events.ts';
import {CopySession, type CopySessionOptions} from './copy-session.ts';

export class CopySessions {
	readonly #options: CopySessionOptions;
	readonly #direction: CopyDirection;
	#isFirst = true;

	constructor(options: CopySessionOptions, direction: CopyDirection) {
		this.#options = options;
		this.#direction = direction;
	}

	/** @throws SpokeError as `CopySession.open`; ERR_TARGET_GONE if another pod has the name now */
	async open(signal = this.#options.signal): Promise<CopySession> {
		const options = {...this.#options, signal};
		if (!this.#isFirst) {
			await assertSamePod(options);
		}

		this.#isFirst = false;
		return CopySession.open(options, this.#direction);
	}
}

/** A stateful set gives a new pod the name of the old one, and other files. */
async function assertSamePod({cluster, target: {namespace, name, uid}, signal}: CopySessionOptions): Promise<void> {
	const pod = await cluster.json<PodObject>({path: objectPath(podResource, namespace ?? 'default', name), signal});
	if (uid !== null && pod.metadata.uid !== uid) {
		throw new SpokeError('ERR_TARGET_GONE', `pod ${name} was replaced while it was copied`, {remedy: 'start the copy again'});
	}
}
