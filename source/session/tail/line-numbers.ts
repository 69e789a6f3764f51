/** Sorted line numbers at four bytes each. */

export class LineNumbers {
	#items = new Uint32Array(1024);
	#start = 0;
	#end = 0;

	get length(): number {
		return this.#end - this.#start;
	}

	push(number: number): void {
		if (this.#end === this.#items.length) {
			const larger = new Uint32Array(Math.max(1024, this.length * 2));
			larger.set(this.#items.subarray(this.#start, this.#end));
			this.#items = larger;
			this.#end -= this.#start;
			this.#start = 0;
		}

		this.#items[this.#end++] = number;
	}

	at(index: number): number | undefined {
		return index < 0 || index >= this.length ? undefined : this.#items[this.#start + index];
	}

	/** Index of the first number that is not below `number`. */
	indexOf(number: number): number {
		let [low, high] = [this.#start, this.#end];
		while (low < high) {
			const middle = (low + high) >> 1;
			if (this.#items[middle]! < number) {
				low = middle + 1;
			} else {
				high = middle;
			}
		}

		return low - this.#start;
	}

	between(from: number, end: number): Uint32Array {
		return this.#items.slice(this.#start + this.indexOf(from), this.#start + this.indexOf(end));
	}

	dropBelow(number: number): void {
		this.#start += this.indexOf(number);
	}
}
