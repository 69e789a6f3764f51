/** Go templates. The expected texts are those of Go's text/template. */
import test from 'ava';
import {lineFunctions} from '../../source/templates/line-functions.ts';
import {parseTemplate} from '../../source/templates/parse-template.ts';
import {runTemplate} from '../../source/templates/run-template.ts';

const line = {
	Message: '{"level":"warn","msg":"slow cart","order":{"id":7,"sum":1.50},"list":["a","b","c"],"n":null}',
	NodeName: '',
	PodName: 'web-0',
	Labels: {app: 'web', tier: 'edge'},
};

function run(template: string, {colors = false, data = line}: {colors?: boolean; data?: object} = {}): string {
	const functions = lineFunctions({colors});
	return runTemplate(parseTemplate(template, new Set(functions.keys())), data, functions);
}

for (const [template, text] of [
	['{{.Message | printf "%.6s-%s" .PodName}}', `web-0-${line.Message}`],
	['{{with $m := .Message | tryParseJSON}}[{{$m.level}}] {{$m.msg}}{{else}}{{.Message}}{{end}}', '[warn] slow cart'],
	['{{with .PodName | tryParseJSON}}{{.msg}}{{else}}{{.PodName}}{{end}}', 'web-0'],
	['{{if eq .PodName "web-1" "web-0"}}yes{{else if .Message}}maybe{{else}}no{{end}}', 'yes'],
	['{{if eq .PodName "web-1"}}yes{{else if .NodeName}}maybe{{else}}no{{end}}', 'no'],
	['{{if and .Message (ne .PodName "x")}}both{{end}}', 'both'],
	['{{and .NodeName (index .Labels 0 1)}}|{{or .PodName (index .Labels 0 1)}}', '|web-0'],
	['{{not .NodeName}} {{len .PodName}} {{len .Labels}}', 'true 5 2'],
	['{{range $k, $v := .Labels}}{{$k}}={{$v}};{{end}}', 'app=web;tier=edge;'],
	['{{range (parseJSON .Message).none}}x{{else}}none{{end}}', 'none'],
	['{{(parseJSON .Message).order.id}} {{(parseJSON .Message).order}}', '7 map[id:7 sum:1.50]'],
	['{{range $i, $x := (parseJSON .Message).list}}{{if $i}}, {{end}}{{$x}}{{end}}', 'a, b, c'],
	['{{range (parseJSON .Message).list}}{{if eq . "b"}}{{continue}}{{end}}{{.}}{{end}}', 'ac'],
	['{{range (parseJSON .Message).list}}{{if eq . "b"}}{{break}}{{end}}{{.}}{{end}}', 'a'],
	['a:  {{- .PodName -}}  :b {{/* comment */}}c {{- /* trim */ -}} d', 'a:web-0:b cd'],
	['{{$x := 1}}{{if true}}{{$x = 2}}{{end}}{{$x}}', '2'],
	[
		String.raw`{{printf "%5d|%-5s|%05d|%x|%q|%v|%t|%%|%.2f|%+d" 42 "ab" 42 255 "q\"" true false 3.14159 7}}`,
		String.raw`   42|ab   |00042|ff|"q\""|true|false|%|3.14|+7`,
	],
	['{{print "a" "b"}}|{{println "c"}}', 'ab|c\n'],
	['{{.Labels}} {{(parseJSON .Message).none}}', 'map[app:web tier:edge] <no value>'],
	['{{"\\u00e9\\n"}}{{`raw \\n`}}{{\'a\'}}', 'é\nraw \\n97'],
	['{{lt 1 2}} {{ge "b" "a"}} {{le 2 2}} {{gt 1.5 1.0}}', 'true true true true'],
	['{{slice .Message 1 7}}', '"level'],
	['{{json .Labels}}', '{"app":"web","tier":"edge"}'],
	['{{extractJSONParts .Message "level" "msg" "none"}}', 'warn, slow cart, <nil>'],
	['{{tryExtractJSONParts .PodName "level"}}', 'web-0'],
	['{{with .NodeName}}{{.}}{{else with .PodName}}pod {{.}}{{end}}', 'pod web-0'],
	['{{with .Labels}}{{.app}} {{$.PodName}}{{end}}', 'web web-0'],
	['{{toTimestamp "2024-01-01T05:00:00" "Jan 02 2006 15:04 MST" "US/Eastern"}}', 'Jan 01 2024 00:00 EST'],
	['{{toTimestamp "2024-01-01T05:00:00" "Jan 02 2006 15:04 MST"}}', 'Jan 01 2024 05:00 UTC'],
	['{{toTimestamp "1700000000.25" "15:04:05.000"}} {{toRFC3339Nano 123}}', '22:13:20.250 1970-01-01T00:02:03Z'],
] as const) {
	test(`${template} gives ${JSON.stringify(text).slice(0, 40)}`, t => {
		t.is(run(template), text);
	});
}

for (const [template, message] of [
	['{{.PodName', '{{ without }}: "{{.PodName"'],
	['{{if .PodName}}', '{{if}} without {{end}}'],
	['{{end}}', 'unexpected {{end}}'],
	['{{range .Labels}}{{else}}{{else}}{{end}}', 'unexpected {{else}}'],
	['{{$y}}', 'undefined variable $y'],
	['{{.PodName .Message}}', 'only a function takes arguments'],
	['{{.PodName | .Message}}', 'only a function can follow |'],
	['{{break}}', '{{break}} outside of {{range}}'],
	['{{if}}x{{end}}', 'missing value'],
	['{{template "x"}}', '{{template}} is not supported'],
	['{{.Nope}}', 'unknown field .Nope; a line has .Message, .NodeName, .PodName, .Labels'],
	['{{lt 1 "a"}}', '1 and a cannot be compared'],
	['{{parseJSON .PodName}}', 'the line is not a JSON object'],
	['{{toTimestamp 0 "15:04" "Nowhere"}}', 'unknown time zone Nowhere'],
	['{{toUTC "1700000000123456789"}}', '"1700000000123456789" is not a time'],
	['{{printf "%.200f" 1.5}}', 'printf: toFixed() digits argument must be between 0 and 100'],
	[String.raw`{{"\U00110000"}}`, String.raw`unknown escape \U00110000`],
] as const) {
	test(`${template} fails: ${message.slice(0, 40)}`, t => {
		t.throws(() => run(template), {message});
	});
}

test('an unknown function is an error that names the known ones', t => {
	t.throws(() => run('{{nope .PodName}}'), {message: /^unknown function nope; known are and, bunyanLevelColor, color, .*urlquery$/});
});

test('colors are left out unless they can be shown', t => {
	const template = '{{colorRed .PodName}} {{levelColor "WARN"}} {{levelColor "other"}} {{bunyanLevelColor 50}} {{colorCustom "x" 3 96}}';
	t.is(run(template), 'web-0 WARN other 50 x');
	const painted = (sgr: string, text: string) => `\u001B[${sgr}m${text}\u001B[0m`;
	t.is(
		run(template, {colors: true}),
		`${painted('31', 'web-0')} ${painted('33', 'WARN')} other ${painted('31', '50')} ${painted('3;96', 'x')}`,
	);
});
