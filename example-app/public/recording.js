/** A generated recording of a heart: large, and in a format that browsers read by ranges. */

const RATE = 44_100;
const SECONDS = 300;
const BEATS_PER_MINUTE = 72;

/** A WAV file (16 bits, one channel) of five minutes: 26 MB. */
export function heartbeat() {
  const beat = oneBeat();
  const beats = Math.ceil((RATE * SECONDS) / beat.length);
  const length = beats * beat.byteLength;
  return new File([wavHeader(length), ...Array(beats).fill(beat)], 'heartbeat.wav', { type: 'audio/wav' });
}

/** Two thumps, the second higher and softer. */
function oneBeat() {
  const samples = new Int16Array(Math.round((RATE * 60) / BEATS_PER_MINUTE));
  for (const [start, pitch, loudness] of [
    [0, 46, 0.8],
    [0.3, 62, 0.5],
  ]) {
    for (let index = 0; index < RATE * 0.25; index += 1) {
      const time = index / RATE;
      const wave = Math.sin(2 * Math.PI * pitch * time) * Math.exp(-18 * time) * Math.min(1, time * 200);
      samples[Math.round(start * RATE) + index] += wave * loudness * 0x7fff;
    }
  }
  return samples;
}

function wavHeader(dataLength) {
  const header = new DataView(new ArrayBuffer(44));
  const text = (at, value) => [...value].forEach((letter, index) => header.setUint8(at + index, letter.charCodeAt(0)));
  text(0, 'RIFF');
  header.setUint32(4, 36 + dataLength, true);
  text(8, 'WAVEfmt ');
  header.setUint32(16, 16, true);
  header.setUint16(20, 1, true);
  header.setUint16(22, 1, true);
  header.setUint32(24, RATE, true);
  header.setUint32(28, RATE * 2, true);
  header.setUint16(32, 2, true);
  header.setUint16(34, 16, true);
  text(36, 'data');
  header.setUint32(40, dataLength, true);
  return header;
}
