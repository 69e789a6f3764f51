/** A known server message and what it proves. */
import type {ErrorCode} from '../errors/error-table.ts';

export type Speaker = 'here' | 'gateway' | 'apiserver' | 'tunnel' | 'kubelet' | 'runtime' | 'application';

/**
How the apiserver wraps an error of leg 2:
`log`: `Get "https://NODE/…": …` of a log read; `upgrade`: `error dialing backend: …`; `proxy`: `error trying to reach service: …`;
`translated`: `error sending request: …` of an exec, attach or port-forward that the apiserver translates.
`answer` (a response) and `stream` (an error channel) have no wrapper.
*/
export type MessageWrapper = 'log' | 'upgrade' | 'translated' | 'proxy' | 'answer' | 'stream';

export type MessageRule = {
	/** The id that evidence cites: `T1`, `G1`, `K2`. Rules can share an id. */
	id: string;
	/** Must match the whole unwrapped message. */
	pattern: RegExp;
	/** Where the message can be: inside one of these wrappers, or bare in a response or a stream. */
	wrappers: readonly MessageWrapper[];
	status?: readonly number[];
	/** `status`: a metav1.Status; `empty`: no body at all. */
	body?: 'text' | 'status' | 'empty';
	detailsKind?: string;
	speaker: Speaker;
	leg: 0 | 1 | 2 | 3;
	code: ErrorCode;
	meaning: string;
	remedy: string | null;
	/**
	What the message proves about leg 2 of this attempt. `route`: only if nothing but a tunnel client produces the message.
	`farEndAnswered`: sent by a kubelet, over its TLS.
	*/
	proves: {tls?: 'refused' | 'plain'; farEndAnswered?: true; route?: 'konnectivity' | 'egress-http-connect'};
};
