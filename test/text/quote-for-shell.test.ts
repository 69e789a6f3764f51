/** Shell quoting. */
import test from 'ava';
import {quoteForShell} from '../../source/text/quote-for-shell.ts';

test('quoteForShell quotes only where needed', t => {
	t.is(quoteForShell('svc/https:web:443/healthz'), 'svc/https:web:443/healthz');
	t.is(quoteForShell('svc/web:80/?a=1&b=2'), "'svc/web:80/?a=1&b=2'");
	t.is(quoteForShell(''), "''");
});
