/** Reads the XML of a service as it arrives, element by element. The parser is that of the `sax` package, in its strict mode. */
import sax from 'sax';
import { InvalidServiceResponseError } from '../../errors/transfer.js';

type Attributes = Readonly<Record<string, string>>;

/** Called at the end of each element. `path` is valid during the call: names from the root to this element. */
type ElementListener = (path: readonly string[], text: string, attributes: Attributes) => void;

/** Only the entities that XML defines. */
const OPTIONS = { strictEntities: true, position: false };

/** An element contains either elements or text, as the services write them. */
export class XmlReader {
  readonly #parser = sax.parser(true, OPTIONS);
  readonly #path: string[] = [];
  #attributes: Attributes = {};
  #text = '';
  #isOver = false;

  constructor(private readonly onElement: ElementListener) {
    const parser = this.#parser;
    parser.onopentag = ({ name, attributes }) => this.#open(name, attributes as Attributes);
    parser.onclosetag = () => this.#close();
    parser.ontext = parser.oncdata = (text) => {
      this.#text += text;
    };
    parser.onerror = parser.ondoctype = refuse;
    parser.onprocessinginstruction = () => {
      if (this.#path.length > 0) refuse();
    };
  }

  /** Throws {@link InvalidServiceResponseError} for what is not XML, or is not written by a service. */
  write(chunk: string): void {
    this.#parser.write(chunk);
  }

  /** Throws {@link InvalidServiceResponseError} if the root element has not ended. */
  end(): void {
    this.#parser.close();
    if (!this.#isOver) refuse();
  }

  #open(name: string, attributes: Attributes): void {
    if (this.#isOver || this.#text.trim() !== '') refuse();
    this.#path.push(name);
    this.#attributes = attributes;
    this.#text = '';
  }

  #close(): void {
    this.onElement(this.#path, this.#text, this.#attributes);
    this.#path.pop();
    this.#isOver = this.#path.length === 0;
    this.#attributes = {};
    this.#text = '';
  }
}

function refuse(): never {
  throw new InvalidServiceResponseError('is not the XML of a listing');
}
