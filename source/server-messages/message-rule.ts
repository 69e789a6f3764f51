/** A known server message: speaker, leg, meaning, remedy and what it proves. */
import type {ErrorCode} from '../errors/error-table.ts';

export type Speaker = 'here' | 'gateway' | 'apiserver' | 'tunnel' | 'kubelet' | 'runtime' | 'application';

/** How the apiserver wraps an error of leg 2, by kind of request; `answer` and `stream` have no wrapper. */
export type MessageWrapper = 'log' | 'upgrade' | 'translated' | 'proxy' | 'answer' | 'stream';

export type MessageRule = {
	/** As evidence cites it: `T1`, `G1`, `K2`. Several rules can share an id. */
	id: string;
	/** Must match the unwrapped message as a whole. */
	pattern: RegExp;
	wrappers: readonly MessageWrapper[];
	/** Only responses with one of these statuses. */
	status?: readonly number[];
	/** `text`: a plain text body; `status`: a metav1.Status; `empty`: no body at all. */
	body?: 'text' | 'status' | 'empty';
	/** Only a Status with this `details.kind`. */
	detailsKind?: string;
	speaker: Speaker;
	leg: 0 | 1 | 2 | 3;
	code: ErrorCode;
	meaning: string;
	remedy: string | null;
	/**
	What the message proves about leg 2 of this attempt. `route`: only messages that nothing but a tunnel client produces.
	`farEndAnswered`: sent by a kubelet, over its TLS.
	*/
	proves: {tls?: 'refused' | 'plain'; farEndAnswered?: true; route?: 'konnectivity' | 'egress-http-connect'};
};
