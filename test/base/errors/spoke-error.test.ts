import test from 'ava';
import {SpokeError, toSpokeError, errorText} from '../../../source/base/errors/spoke-error.ts';
import {until} from '../../support/until.ts';
import {errorFromResponse} from '../../../source/cluster/error-from-response.ts';
import {refusedAsKubectl} from '../../../source/streams/observed-connection.ts';
import {containerErrorFrom} from '../../../source/streams/remote-command/command-channels.ts';

test('an exceeded AbortSignal.timeout is an unanswered request, not a bug', async t => {
	const signal = AbortSignal.timeout(1);
	// The timer of the signal alone does not keep a process alive.
	await until(() => signal.aborted);
	const {code, message} = toSpokeError(signal.reason);
	t.is(code, 'ERR_APISERVER_TIMEOUT');
	t.is(message, 'the apiserver did not respond in time');
});

test('an unknown error is a bug in spoke, with its message', t => {
	const {code, message} = toSpokeError(new TypeError('x is not a function'));
	t.is(code, 'ERR_INTERNAL');
	t.is(message, 'bug in spoke: x is not a function');
});

test('a changed error keeps its own exit status and the line of kubectl', t => {
	const error = new SpokeError('ERR_LOCAL_FILE', 'the file is full', {exitStatus: 125, asKubectl: 'error: full'});
	t.like(error.withChanges({message: 'the disk is full'}), {exitStatus: 125, asKubectl: 'error: full'});
});

test('an error that gets another code gets the exit status of that code', t => {
	const error = new SpokeError('ERR_LOCAL_FILE', 'the file is full', {exitStatus: 125});
	t.is(error.withChanges({code: 'ERR_STREAM_LOST'}).exitStatus, new SpokeError('ERR_STREAM_LOST', '').exitStatus);
});

const status = (reason: string, code: number, message: string) => ({
	status: code,
	headers: {},
	body: JSON.stringify({kind: 'Status', apiVersion: 'v1', status: 'Failure', reason, code, message}),
});
const gone = status('NotFound', 404, 'pods "web" not found');
const forbidden = status('Forbidden', 403, 'pods "web" is forbidden: User "eve" cannot get resource "pods"');
const twiceInternal = 'Internal error occurred: Internal error occurred: exec: "nosuch": executable file not found in $PATH';
const get = {verb: 'get', resource: 'pods', namespace: 'default'};

const lines: ReadonlyArray<readonly [title: string, error: SpokeError, line: string]> = [
	['an error without Status', new SpokeError('ERR_TARGET_GONE', 'the pod is gone'), 'error: the pod is gone [ERR_TARGET_GONE]'],
	['NotFound', errorFromResponse(gone, get), 'Error from server (NotFound): pods "web" not found [ERR_NOT_FOUND]'],
	[
		'NotFound with a namespace',
		errorFromResponse(gone, get).withChanges({message: 'pods "web" not found in namespace "x"'}),
		'Error from server (NotFound): pods "web" not found in namespace "x" [ERR_NOT_FOUND]',
	],
	[
		'NotFound of a missing namespace',
		errorFromResponse(gone, get).withChanges({message: 'namespaces "x" not found'}),
		'Error from server (NotFound): pods "web" not found: namespaces "x" not found [ERR_NOT_FOUND]',
	],
	[
		'Forbidden',
		errorFromResponse(forbidden, get),
		'Error from server (Forbidden): pods "web" is forbidden: User "eve" cannot get resource "pods" (request permission; check with `kubectl auth can-i get pods -n default`) [ERR_FORBIDDEN]',
	],
	[
		'Forbidden without a user',
		errorFromResponse(status('Forbidden', 403, 'no'), get),
		'Error from server (Forbidden): no (request permission; check with `kubectl auth can-i get pods -n default`) [ERR_FORBIDDEN]',
	],
	[
		'BadRequest',
		errorFromResponse(status('BadRequest', 400, 'a container name\nmust be specified'), get),
		'Error from server (BadRequest): a container name must be specified [ERR_APISERVER_ANSWER]',
	],
	[
		'another reason',
		errorFromResponse(status('Conflict', 409, 'it was changed'), get),
		'error: the apiserver responded with 409: it was changed [ERR_APISERVER_ANSWER]',
	],
	[
		'a refused upgrade',
		refusedAsKubectl(errorFromResponse(forbidden, get), 'unable to upgrade connection').withChanges({remedy: 'ask'}),
		'error: unable to upgrade connection: pods "web" is forbidden: User "eve" cannot get resource "pods" (ask) [ERR_FORBIDDEN]',
	],
	[
		'a container that does not run',
		containerErrorFrom('container not found ("web")', 'error: unable to upgrade connection: container not found ("web")')!,
		'error: unable to upgrade connection: container not found ("web"): the container is not running [ERR_TARGET_GONE]',
	],
	[
		'an error within an internal one',
		containerErrorFrom(twiceInternal, `error: ${twiceInternal}`)!,
		`error: ${twiceInternal}: the command could not be started (check that the program is in the container’s image) [ERR_COMMAND_NOT_STARTED]`,
	],
	[
		'text before kubectl’s message',
		errorFromResponse(gone, get).withChanges({message: 'nothing is there: pods "web" not found'}),
		'Error from server (NotFound): pods "web" not found: nothing is there [ERR_NOT_FOUND]',
	],
	[
		'an escape sequence from a server',
		errorFromResponse(status('NotFound', 404, 'pods "\u001B[2J" not found'), get),
		'Error from server (NotFound): pods "^[[2J" not found [ERR_NOT_FOUND]',
	],
];
for (const [title, error, line] of lines) {
	test(`formats ${title} as one line`, t => {
		t.is(errorText(error), line);
	});
}
