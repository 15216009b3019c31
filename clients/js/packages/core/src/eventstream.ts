/**
 * The text of an event stream, read as the WHATWG's HTML standard has it (section 9.2.6), as far as
 * a client needs that opens the stream anew with a cursor of its own: no ids, no `retry`.
 *
 * Thirty lines of ours, because parsers that one can install give everything else as well and made
 * up a tenth of this package. One of them is the oracle of the tests.
 */

/**
 * Read messages from text that comes in pieces, cut anywhere.
 *
 * @param message gets the data of each message that has some, and no type of its own but `message`
 * @returns takes the next piece
 */
export function readMessages(message: (data: string) => void): (piece: string) => void {
  let rest = "";
  let type = "";
  let data: string[] = [];
  return (piece) => {
    rest += piece;
    // A long line is looked through once, not with each of its pieces.
    if (!/[\r\n]/.test(piece)) return;
    // A carriage return at the very end may be the first half of a line's end.
    const lines = rest.split(/\r\n|\n|\r(?!$)/);
    rest = lines.pop() as string;
    for (const line of lines) {
      const [, field, value = ""] = /^([^:]*):? ?(.*)$/s.exec(line) as RegExpExecArray;
      if (field === "data") data.push(value);
      else if (field === "event") type = value;
      else if (line === "") {
        const text = data.join("\n");
        if (text !== "" && (type === "" || type === "message")) message(text);
        data = [];
        type = "";
      }
    }
  };
}
