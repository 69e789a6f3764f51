/** What users read when a file of spoke itself is missing or was replaced. */
import {cp, rm, writeFile} from 'node:fs/promises';
import {dirname, join} from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {builtProgram, runSpoke} from './support/run-spoke.ts';
import {openSandbox} from './support/sandbox.ts';
import {temporaryDirectory} from './support/temporary-directory.ts';
import {openTerminal} from './support/terminal.ts';

test('a missing file of a command is one line with the remedy', async t => {
	const program = await copiedProgram(t);
	await rm(join(dirname(program), 'commands/logs.js'));
	const {status, stderr} = await runSpoke(['logs', 'x'], {program});
	t.is(status, 14);
	t.regex(
		stderr,
		/^error: spoke cannot read its own file: ENOENT: .* \(start spoke again; if that fails too, install it again\) \[ERR_OWN_FILE\]\n$/,
	);
});

test('a session says that an upgrade has replaced it', async t => {
	const program = await copiedProgram(t);
	const {env} = await openSandbox(t);
	const home = await temporaryDirectory(t);
	const terminal = await openTerminal(t, [], {program, env: {KUBECONFIG: env['KUBECONFIG']}, home, columns: 160});
	await terminal.sees(/db-0/);
	await writeFile(program, '// another version');
	terminal.press('list.yaml');
	await terminal.sees(/spoke was replaced by another version while it ran/);
});

async function copiedProgram(t: ExecutionContext): Promise<string> {
	const folder = await temporaryDirectory(t);
	await cp(dirname(builtProgram), folder, {recursive: true});
	return join(folder, 'spoke.js');
}
