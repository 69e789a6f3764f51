/** Node options that spoke starts with. Node 6.11 and later accept them: an unsupported Node starts, and spoke reports it. */

/**
In MiB, the fixed size of a semi-space. With a smaller one, V8 collects garbage once or twice before the first byte, although nearly all
objects are still in use: 4 % of the row "whole run: CPU" of `npm run bench -- "start of logs"`. With one that grows, V8 keeps garbage
longer: 143 instead of 116 MiB for a followed flood, 134 instead of 97 MiB after 3,000 short connections of a forward, about 100 MiB more
for a session with 150,000 pods.
*/
export const heapOptions = ['--min-semi-space-size=4', '--max-semi-space-size=4'] as const;

/**
Without this option, a thread parses Node's own root certificates, which spoke never uses: 7 of 76 ms in the row "whole run: CPU". Node
refuses it together with `--use-bundled-ca`, `--use-system-ca` or NODE_USE_SYSTEM_CA=1.
*/
export const certificateOption = '--use-openssl-ca';
