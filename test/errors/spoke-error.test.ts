import test from 'ava';
import {SpokeError, toSpokeError} from '../../source/errors/spoke-error.ts';
import {until} from '../support/until.ts';

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
