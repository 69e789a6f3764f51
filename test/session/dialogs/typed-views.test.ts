/** Arguments of palette commands. */
import test from 'ava';
import {parseListArguments, parsePaletteArguments, takeSelector, type PaletteSyntax} from '../../../source/session/dialogs/typed-views.ts';

const tail: PaletteSyntax = {
	word: 'tail',
	takes: 'TARGET… or -l SELECTOR',
	flags: ['namespace', 'selector', 'container', 'previous', 'follow'],
	maxWords: Infinity,
};
const listen: PaletteSyntax = {word: 'listen', takes: '[PORT]'};

const read = (syntax: PaletteSyntax, line: string) =>
	parsePaletteArguments(
		syntax,
		line.split(' ').filter(word => word !== ''),
	);

test('the forms of kubectl are read, wherever a flag stands', t => {
	t.like(read(tail, 'deploy/api -c side'), {words: ['deploy/api'], flags: {container: 'side'}});
	t.like(read(tail, '--container=side deploy/api -pn demo'), {
		words: ['deploy/api'],
		flags: {container: 'side', previous: true, namespace: 'demo'},
	});
	t.like(read(tail, '-l app in (a, b) -n demo'), {words: [], flags: {selector: 'app in (a, b)', namespace: 'demo'}});
});

test('a flag that the command does not take is refused, with those that it takes', t => {
	t.deepEqual(read(tail, 'deploy/api --bogus'), {fault: ':tail: unknown flag: --bogus; it takes -n, -l, -c, -p'});
	t.deepEqual(read(listen, '8001 -n demo'), {fault: ":listen: unknown shorthand flag: 'n' in -n; it takes no flags"});
	t.deepEqual(read({...listen, other: 'spoke proxy has more'}, '--address=::'), {
		fault: ':listen: unknown flag: --address; it takes no flags; spoke proxy has more',
	});
	t.deepEqual(read(tail, 'deploy/api --context prod'), {fault: ':tail: unknown flag: --context; switch the context with :ctx NAME'});
});

test('a word too many, a command after -- and an invalid value are refused', t => {
	t.deepEqual(read(listen, '8001 8002'), {fault: ':listen: unknown argument 8002; it takes [PORT]'});
	t.deepEqual(read({word: 'why', takes: ''}, 'pod/x'), {fault: ':why: unknown argument pod/x; it takes none'});
	t.deepEqual(read(listen, '-- ls'), {fault: ':listen: unknown argument --; it takes no flags'});
	t.deepEqual(read(tail, '-l app=api -n'), {fault: ':tail: flag needs an argument: -n; it takes -n, -l, -c, -p'});
	t.like(read(tail, 'x -n Demo'), {fault: 'invalid namespace "Demo": use a-z, 0-9 and inner -, at most 63 characters'});
	t.like(read(tail, '-l app in (a'), {fault: 'invalid label selector: "," or ")" is missing at the end'});
});

const readList = (line: string) => parseListArguments(line.split(' ').filter(word => word !== ''));

test('list arguments follow the kubectl syntax', t => {
	t.deepEqual(readList(''), {});
	t.deepEqual(readList('demo'), {namespace: 'demo'});
	t.deepEqual(readList('-n demo'), {namespace: 'demo'});
	t.deepEqual(readList('-A'), {namespace: null});
	t.deepEqual(readList('--all-namespaces'), {namespace: null});
	t.deepEqual(readList('-l app=api'), {selector: 'app=api'});
	t.deepEqual(readList('demo --selector=app=api'), {namespace: 'demo', selector: 'app=api'});
	t.deepEqual(readList('-l app in (a, b) -A'), {namespace: null, selector: 'app in (a, b)'});
});

test('an invalid namespace, flag or selector is rejected with one line', t => {
	t.like(readList('Demo'), {fault: 'invalid namespace "Demo": use a-z, 0-9 and inner -, at most 63 characters'});
	t.like(readList('-o wide'), {fault: 'unknown argument -o: use a namespace, -A or -l SELECTOR'});
	t.like(readList('one two'), {fault: 'give one namespace, or -A for all'});
	t.like(readList('-l app in (a'), {fault: 'invalid label selector: "," or ")" is missing at the end'});
	t.like(readList('-l'), {fault: 'invalid label selector: a key is missing at the end'});
});

test('a tail selector can contain spaces', t => {
	t.deepEqual(takeSelector(['-l', 'app', 'in', '(a,', 'b)', '-a']), {selector: 'app in (a, b)', rest: ['-a']});
});
