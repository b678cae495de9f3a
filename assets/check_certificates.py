"""Check the book's proofs with Python alone: `python check_certificates.py < certificates.json`.

An identity is expanded, or divided by its relation. For a sign the stated map takes all t > 0 onto
the region, the stated factors multiply to the expression, and each shows its sign: by coefficients,
also times (1 + Σt)^k or (Σt)^k (for one t, if k is large, whatever Sturm's theorem settles), or as
an even power. No denominator is 0.
"""

import json
import re
import sys
from functools import partial, reduce
from math import gcd, prod
from operator import add, ge, gt, le, lt, sub


def plus(p, q, k=1):  # a polynomial is {exponents of the names: whole number}
    r = {**p, **{m: p.get(m, 0) + k * c for m, c in q.items()}}
    return {m: c for m, c in r.items() if c}

def times(p, q):
    r = {}
    for k, c in [(map(add, m, n), c * d) for m, c in p.items() for n, d in q.items()]:
        r[k] = r.get(k := tuple(k), 0) + c
    return plus(r, {})

def divided(p, q):  # None where p/q is no polynomial
    r, lead = {}, max(q)
    while p:
        k = tuple(map(sub, max(p), lead))
        if min(k, default=0) < 0 or p[max(p)] % q[lead]:
            return None
        r[k] = p[max(p)] // q[lead]
        p = plus(p, times({k: r[k]}, q), -1)
    return r

def remainder(p, q):  # of p, times squares, divided by q as polynomials in the first name
    while p and q and (k := max(p)[0] - max(q)[0]) >= 0:
        lead = {(0, *m[1:]): c for m, c in q.items() if m[0] == max(q)[0]}
        top = {(k, *m[1:]): c for m, c in p.items() if m[0] == max(p)[0]}
        p = times(lead, plus(times(lead, p), times(top, q), -1))
    return p

def sign(p):  # +1 or -1 if p has it at all t > 0, else 0
    zero = (0,) * len(max(p))
    ts = {(*zero[:i], 1, *zero[i + 1 :]): 1 for i in range(len(zero)) if any(m[i] for m in p)}
    for raised, factor in (p, {**ts, zero: 1}), (p, ts):
        for _ in range(7 if len(ts) > 1 else 499):
            if len({c > 0 for c in raised.values()}) == 1:
                return 1 if min(raised.values()) > 0 else -1
            raised = times(raised, factor)
    return 0

def ratio(tree, names, divisors):  # numerator and denominator; divisors: all that is divided by
    if isinstance(tree, str):
        top, _, bottom = ("1", "", "") if tree in names else tree.partition("/")
        p = {tuple(int(tree == name) for name in names): int(top)}
        return plus(p, {}), {(0,) * len(names): int(bottom or 1)}
    parts = [ratio(part, names, divisors) for part in tree[1 : 2 if tree[0] == "^" else None]]
    if tree[0] == "^":
        divisors += [parts[0][0]] * (tree[2] < 0)
        parts = [parts[0][:: 1 if tree[2] > 0 else -1]] * abs(tree[2])
    if tree[0] != "+":
        return tuple(reduce(times, factors) for factors in zip(*parts, strict=True))
    (n, d), *others = sorted(parts, key=lambda part: -len(part[1]))
    for m, e in others:
        q = divided(d, e)
        n, d = (plus(n, times(m, q)), d) if q else (plus(times(n, e), times(m, d)), times(d, e))
    return n, d

def put(tree, name, value):  # a name stands in quotes
    return json.loads(json.dumps(tree).replace(json.dumps(name), json.dumps(value)))

def named(tree):
    texts = map(json.loads, re.findall(r'"(?:[^"\\]|\\.)*"', json.dumps(tree)))
    return {text for text in texts if not re.fullmatch(r"-?\d+(/\d+)?|oo|[+*^=]", text)}

def check(s):
    of, relation = s["modulo"] or ("", "0")
    claim = [["+", s["lhs"], ["*", "-1", s["rhs"]]], relation, s["region"]]
    for name, value in s["where"]:
        claim = put(claim, name, value)
    (difference, relation, region), evidence = claim, [tree for _, tree in s["evidence"]]
    names, divisors, ts = named([claim, evidence]), [], set()
    read = partial(ratio, names=sorted(names, key=lambda x: (x != of, x)), divisors=divisors)
    if s["relation"] == "=":
        p, q = read(difference)[0], read(relation)[0]
        assert all(remainder(d, q) for d in divisors), "it divides by 0 everywhere"
        assert not remainder(p, q), "the sides differ"
        return
    while region:
        (name, low, high), *region = region
        image = next(tree[2] for tree in evidence if tree[:2] == ["=", name])
        (t,) = named(image) - ts - named(claim)
        width, at = ["+", high, ["*", "-1", low]], ["*", t, ["^", ["+", "1", t], -1]]
        width, at = ("1", t) if high == "oo" else (width, at)
        assert prod(map(sign, read(width))) > 0, f"the interval of {name} may be empty"
        assert not read(["+", low, ["*", width, at], ["*", "-1", image]])[0], "the map is another"
        (difference, region), ts = put([difference, region], name, image), ts | {t}
    assert named(difference) <= ts, "the region says nothing of a name"
    parts, total = list(read(difference)), 1
    for f in filter(None, (read(t[1] if t[0] == "^" else t)[0] for t in evidence if t[0] != "=")):
        f, power = {m: c // gcd(*f.values()) for m, c in f.items()}, 0
        for side, step in (0, 1), (1, -1):
            while any(map(any, f)) and (rest := divided(parts[side], f)):
                parts[side], power = rest, power + step
        assert sign(f) or (power > 0 == power % 2 and "=" in s["relation"]), "a factor has no sign"
        total *= sign(f) if power % 2 else 1
    a, b = (part.get(max(part, default=0), 0) for part in parts)
    assert not plus({m: b * c for m, c in parts[0].items()}, parts[1], -a), "a factor is missing"
    assert all(d and sign(d) for d in divisors), "a denominator may be 0"
    assert {">": gt, "<": lt, ">=": ge, "<=": le}[s["relation"]](a * b * total, 0), "other sign"

if __name__ == "__main__" and __debug__:
    for chapter, s in [(name, s) for name, all_ in json.load(sys.stdin).items() for s in all_]:
        print(f"{chapter}, cell {s['cell']}: {s['said']}", flush=True)
        check(s)
    print("The evidence shows each of them.")
