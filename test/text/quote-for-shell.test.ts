/** What is offered for a shell says there what it says here. */
import test from 'ava';
import {quoteForShell} from '../../source/text/quote-for-shell.ts';

test('a word is one word for a shell', t => {
	t.is(quoteForShell('svc/https:web:443/healthz'), 'svc/https:web:443/healthz');
	t.is(quoteForShell('svc/web:80/?a=1&b=2'), "'svc/web:80/?a=1&b=2'");
	t.is(quoteForShell(''), "''");
});
