/** What completion offers, as a table of lines and words. */
import test from 'ava';
import {completeWords} from '../../source/commands/completion/complete-words.ts';
import {completionScripts} from '../../source/commands/completion/scripts.ts';
import {commandTable} from '../../source/commands/table.ts';

const rows = commandTable.map(({row}) => row);
const offered: ReadonlyArray<readonly [line: string, words: readonly string[]]> = [
	['po', ['port-forward']], ['--context x lo', ['logs']], ['-n demo ex', ['exec']], ['keys --check', ['--check']], ['logs --tim', ['--timestamps']], ['keys -o ', ['text', 'json']], ['keys --output=j', ['--output=json']],
	['completion ', ['bash', 'zsh', 'fish']], ['proxy g', ['get']], ['exec web -- l', []], ['nonsense ', []],
];
for (const [line, words] of offered) {
	test(`\`spoke ${line}\` offers ${words.join(', ') || 'nothing'}`, t => {
		t.deepEqual(completeWords(rows, line.split(' ')).offers.map(({word}) => word), words);
	});
}

const asked: ReadonlyArray<readonly [string, string, string]> = [
	['logs we', 'target', 'we'], ['debug -it we', 'target', 'we'], ['logs -n ', 'namespace', ''], ['--context pr', 'context', 'pr'], ['tail --context=pr', 'context', 'pr'], ['port-forward svc/', 'target', 'svc/'], ['logs web -c ', 'container', ''], ['proxy get svc/', 'target', 'svc/'],
];
for (const [line, kind, prefix] of asked) {
	test(`\`spoke ${line}\` asks for a ${kind} that begins with ${JSON.stringify(prefix)}`, t => {
		const {asked} = completeWords(rows, line.split(' '));
		t.is(asked?.kind, kind as 'target');
		t.is(asked?.prefix, prefix);
	});
}

test('every command is offered, and each script asks the program', t => {
	const words = completeWords(rows, ['']).offers.map(({word}) => word);
	t.deepEqual(words, rows.map(row => row.name).filter(name => name !== 'session'));
	for (const script of Object.values(completionScripts)) {
		t.regex(script, /spoke completion words --/);
	}
});
