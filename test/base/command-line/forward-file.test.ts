/** Reading and writing of forward files. */
import test from 'ava';
import {formatForwardEntry, parseForwardFile, type ForwardFileEntry} from '../../../source/base/command-line/forward-file.ts';
import {forwardEntry as line} from '../../support/forward-entry.ts';

const readable: ReadonlyArray<readonly [title: string, text: string, lines: readonly ForwardFileEntry[]]> = [
	['a target and its port', 'svc/web 8080:80', [line('svc/web', ['8080:80'])]],
	[
		'flags before and after the target',
		'--context=prod -n shop svc/web 8080:80 :443 --address 127.0.0.1,::1',
		[line('svc/web', ['8080:80', ':443'], {context: 'prod', namespace: 'shop', addresses: ['127.0.0.1', '::1']})],
	],
	['comments, blank lines and other ends of lines', '# mine\r\n\r\nsts/db 5432 # the database\r\n', [line('sts/db', ['5432'])]],
	['--on-pod-loss', 'svc/web 80 --on-pod-loss exit', [line('svc/web', ['80'], {onPodLoss: 'exit'})]],
	['--host', 'svc/web 80 --host web.test', [line('svc/web', ['80'], {host: 'web.test'})]],
	[
		'quoted words',
		String.raw`--context 'the "old" one' -n "my ns" pod/a\ b 80`,
		[line('pod/a b', ['80'], {context: 'the "old" one', namespace: 'my ns'})],
	],
];
for (const [title, text, lines] of readable) {
	test(`reads ${title}`, t => {
		t.deepEqual(parseForwardFile(text, 'f'), lines);
	});
}

const wrong: ReadonlyArray<readonly [title: string, text: string, message: RegExp]> = [
	['no port', 'svc/web 80\nsvc/db', /^f:2: no port is given for svc\/db$/],
	['an unknown flag', '\nsvc/web 80 --token x', /^f:2: unknown flag: --token$/],
	['an invalid value', 'svc/web 80 --on-pod-loss wait', /^f:1: invalid argument "wait" for --on-pod-loss: must be one of move, exit$/],
	['a flag without its value', 'svc/web 80 -n', /^f:1: flag needs an argument: -n$/],
];
for (const [title, text, message] of wrong) {
	test(`rejects ${title}`, t => {
		t.throws(() => parseForwardFile(text, 'f'), {message});
	});
}

for (const context of [
	'prod-eu',
	'arn:aws:eks:eu-west-1:1:cluster/x',
	'it\'s "mine"',
	String.raw`back\slash`,
	'a # b',
	'Ü $HOME *',
	'-x',
]) {
	test(`the context ${context} survives writing and reading`, t => {
		const one = line('svc/web', ['8080:80'], {context, namespace: 'shop', addresses: ['0.0.0.0'], onPodLoss: 'exit'});
		t.deepEqual(parseForwardFile(`${formatForwardEntry(one)}\n`, 'f'), [one]);
	});
}

test('an error of the check callback gets file and line', t => {
	const check = ({ports}: ForwardFileEntry) => {
		if (ports.includes('99999')) {
			throw new Error('no port');
		}
	};

	t.throws(() => parseForwardFile('svc/web 80\nsvc/db 99999', 'f', check), {message: 'f:2: no port'});
	t.is(parseForwardFile('svc/web 80', 'f', check).length, 1);
});

test('formatForwardEntry rejects a name with a line break', t => {
	t.throws(() => formatForwardEntry(line('svc/web', ['80'], {context: 'a\nsvc/other 22'})), {message: /control character/});
});
