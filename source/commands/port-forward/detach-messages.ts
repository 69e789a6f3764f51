/**
Messages between `port-forward --detach` and the process that it starts. They use a pipe, so that credentials are in no argument and no
file.
*/
import type {ProcessIdentity} from '../../detached-forwards/process-identity.ts';
import type {ErrorObject} from '../../errors/spoke-error.ts';
import type {ForwardInput, PortForwardInvocation} from './run-forwards.ts';

export type ParentMessage =
	| {
			type: 'start';
			/** As the parent read them, with the defaults of kuberc. */
			line: Pick<PortForwardInvocation, 'flags' | 'given'>;
			/** As the parent read it: a file of forwards can be a pipe. */
			input: ForwardInput;
			directory: string;
			id: string;
			sessionLeader: ProcessIdentity | null;
			isStderrTerminal: boolean;
	  }
	/** Before this message, the forward ends with its parent. */
	| {type: 'keep'};

export type StartMessage = Extract<ParentMessage, {type: 'start'}>;

export type ForwardMessage =
	| {type: 'output'; to: 'stdout' | 'stderr'; text: string}
	| {type: 'ready'; name: string; pid: number}
	/** `isPrinted`: as an `ended` event. */
	| {type: 'failed'; error: ErrorObject & {asKubectl: string | null}; isPrinted: boolean};
