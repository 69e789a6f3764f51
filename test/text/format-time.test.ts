/** Local times. */
import {execFile} from 'node:child_process';
import process from 'node:process';
import {promisify} from 'node:util';
import test from 'ava';

for (const [zone, shown] of [
	['UTC', '12:00:05'],
	['Asia/Tokyo', '21:00:05'],
] as const) {
	test(`clockTime shows the local time of ${zone}`, async t => {
		const program = `import(${JSON.stringify(new URL('../../source/text/format-time.ts', import.meta.url).href)}).then(({clockTime}) => console.log(clockTime('2026-11-25T12:00:05.999Z'), clockTime(Date.UTC(2026, 10, 25, 12, 0, 5))))`;
		const {stdout} = await promisify(execFile)(process.execPath, ['--no-warnings', '-e', program], {env: {TZ: zone}});
		t.is(stdout, `${shown} ${shown}\n`);
	});
}
