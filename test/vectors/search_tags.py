"""Known answers of search tags, computed with Python's hmac alone: python3 test/vectors/search_tags.py > test/vectors/search-tags.json

LP(x) is the length of x as a big-endian u32, then x in UTF-8. HKDF is RFC 5869 with an empty salt.
"""
import hashlib, hmac, json, re, struct, sys, unicodedata


def lp(*parts):
    return b''.join(struct.pack('>I', len(part.encode())) + part.encode() for part in parts)


def mac(key, data):
    return hmac.new(key, data, hashlib.sha256).digest()


def hkdf(key, info, length):
    return mac(mac(bytes(32), key), info + b'\x01')[:length]


def leading(digest, bits):
    number = int.from_bytes(digest, 'big') >> (256 - bits)
    digits = -(-bits // 4)
    return format(number << (digits * 4 - bits), f'0{digits}x')


def normalized(text):
    return re.sub(r'\s+', ' ', unicodedata.normalize('NFKC', text).strip()).lower()


def tag(key, table, property, scope, type, text, bits):
    kid = hkdf(key, lp('azcse/search/kid'), 3).hex()
    derived = hkdf(key, lp('azcse/search/v1', table.lower(), property), 32)
    return f'{kid}.{leading(mac(derived, lp(scope, type, text)), bits)}'


KEYS = [bytes(range(32)), hashlib.sha256(b'another test key').digest()]
# type, the value as this package writes it, the text that is searched
VALUES = [
    ('string', '078-05-1120', '078-05-1120'),
    ('string', '', ''),
    ('string', 'A. Example', 'A. Example'),
    ('string', '\U0001f511 \u00fcn\u00ef', '\U0001f511 \u00fcn\u00ef'),
    ('number', '41', '41'),
    ('number', '0.1', '0.1'),
    ('number', '-0', '0'),
    ('number', 'Infinity', 'Infinity'),
    ('number', '1e+21', '1e+21'),
    ('bigint', '-9223372036854775809', '-9223372036854775809'),
    ('date', '2026-02-03T04:05:06.789Z', '2026-02-03T04:05:06.789Z'),
    ('binary', '00ff', 'AP8='),
]
TEXTS = [
    '\uff21nn\u3000\uff22ea',       # full width letters and an ideographic space
    '  Ann \t\n Bea ',
    'Stra\u00dfe',                  # not folded to ss
    '\ufb01n',                      # the ligature fi
    'A\u030angstro\u0308m',         # combining marks
    '\u212bngstr\u00f6m',           # the sign Angstrom
    '\U0001d400\U0001f511',         # mathematical bold A, and a key
    '\u0130stanbul',                # I with a dot
    '\u039f\u03a3',                 # a final sigma
]


def cases():
    for key in KEYS:
        for type, value, text in VALUES:
            yield dict(key=key, table='Patients', property='ssn', scope='north', type=type, value=value, text=text, bits=128)
    for text in TEXTS:
        yield dict(key=KEYS[0], table='patients', property='name', scope='', type='string', value=text,
                   text=normalized(text), bits=128, normalize='text')
    for bits in range(4, 129):
        yield dict(key=KEYS[1], table='pAtIeNtS', property='n\u00e4me', scope='n\u00f6rd', type='string', value='Ann',
                   text='Ann', bits=bits)


def answer(case):
    key = case.pop('key')
    return {'key': key.hex(), **case,
            'tag': tag(key, case['table'], case['property'], case['scope'], case['type'], case['text'], case['bits'])}


json.dump({'cases': [answer(case) for case in cases()]}, sys.stdout, indent=1)
print()
