/** Arguments of list commands. */
import test from 'ava';
import {parseListArguments, takeSelector} from '../../../source/session/dialogs/list-arguments.ts';

const read = (line: string) => parseListArguments(line.split(' ').filter(word => word !== ''));

test('list arguments follow the kubectl syntax', t => {
	t.deepEqual(read(''), {});
	t.deepEqual(read('demo'), {namespace: 'demo'});
	t.deepEqual(read('-n demo'), {namespace: 'demo'});
	t.deepEqual(read('-A'), {namespace: null});
	t.deepEqual(read('--all-namespaces'), {namespace: null});
	t.deepEqual(read('-l app=api'), {selector: 'app=api'});
	t.deepEqual(read('demo --selector=app=api'), {namespace: 'demo', selector: 'app=api'});
	t.deepEqual(read('-l app in (a, b) -A'), {namespace: null, selector: 'app in (a, b)'});
});

test('an invalid namespace, flag or selector is rejected with one line', t => {
	t.like(read('Demo'), {fault: 'invalid namespace "Demo": use a-z, 0-9 and inner -, at most 63 characters'});
	t.like(read('-o wide'), {fault: 'unknown argument -o: use a namespace, -A or -l SELECTOR'});
	t.like(read('one two'), {fault: 'give one namespace, or -A for all'});
	t.like(read('-l app in (a'), {fault: 'invalid label selector: "," or ")" is missing at the end'});
	t.like(read('-l'), {fault: 'invalid label selector: a key is missing at the end'});
});

test('a tail selector can contain spaces', t => {
	t.deepEqual(takeSelector(['-l', 'app', 'in', '(a,', 'b)', '-a']), {selector: 'app in (a, b)', rest: ['-a']});
});
