/**
 * `Intl.Segmenter` for bundles. The first one of a process takes 10 ms, so it is created at its first use instead of when a module loads.
 */
export class LateSegmenter {
	#options;
	#segmenter;

	constructor(...options) {
		this.#options = options;
	}

	segment(text) {
		const {Segmenter} = Intl;
		this.#segmenter ??= new Segmenter(...this.#options);
		return this.#segmenter.segment(text);
	}
}
