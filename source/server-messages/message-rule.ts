/** What one row of the table of failures says: which words, who spoke them, on which leg, what they mean and prove, and what to do. */
import type {ErrorCode} from '../errors/error-table.ts';

export type Speaker = 'here' | 'gateway' | 'apiserver' | 'tunnel' | 'kubelet' | 'runtime' | 'application';

/** How the apiserver wraps what it met: a log read, an upgrade, a translated exec, the apiserver proxy; or the whole answer stands for itself. */
export type MessageWrapper = 'log' | 'upgrade' | 'translated' | 'proxy' | 'answer' | 'stream';

export type MessageRule = {
	/** What evidence names it by: `T1`, `G1`, `K2`. Two rows may be one case in other words. */
	id: string;
	/** Matched against the words inside the frame, whole. */
	pattern: RegExp;
	wrappers: readonly MessageWrapper[];
	/** Only answers of this status. */
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
	/** What the words prove of leg 2 for this attempt. Route: only words that nothing but a tunnel's client makes. `answered`: a kubelet's own, behind its TLS. */
	proves: {tls?: 'refused' | 'plain'; answered?: true; route?: 'konnectivity' | 'egress-http-connect'};
};
