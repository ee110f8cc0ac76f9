"""The machine code of `vectors`: imported by `compilation` alone, and only once it compiles.

Each function here has the name and the meaning of its twin there. LLVM makes of them what the
machine has; where its own patterns fail, an instruction is asked for by name.
"""

from __future__ import annotations

import operator

from llvmlite import ir
from numba import types
from numba.core.cgutils import get_or_insert_function
from numba.extending import intrinsic, models, overload, register_model

_INT, _LONG = ir.IntType(32), ir.IntType(64)
_BYTES = ir.VectorType(ir.IntType(8), 16)
_ELEMENTS = {"short": ir.IntType(16), "int": _INT, "float": ir.FloatType()}


class Vector(types.Type):
    """numba's type of so many numbers of a kind."""

    def __init__(self, element: str, lanes: int) -> None:
        self.element, self.lanes = element, lanes
        super().__init__(name=f"Vector({element}, {lanes})")

    @property
    def machine(self) -> ir.VectorType:
        """LLVM's type of it."""
        return ir.VectorType(_ELEMENTS[self.element], self.lanes)


@register_model(Vector)
class _VectorModel(models.PrimitiveModel):
    def __init__(self, manager, kind: Vector) -> None:
        super().__init__(manager, kind, kind.machine)


SHORTS, INTS, FLOATS = Vector("short", 16), Vector("int", 8), Vector("float", 4)
_WIDE = ir.VectorType(_INT, 16)


def _instruction(result):
    """Make of a function that emits code from a builder and values one that numba can call."""

    def mark(emit):
        def infer(*arguments):
            return result(*arguments), lambda _, builder, __, values: emit(builder, *values)

        one, two, three = (  # numba wants to see the parameters
            lambda _, x: infer(x),
            lambda _, x, y: infer(x, y),
            lambda _, x, y, z: infer(x, y, z),
        )
        return intrinsic((one, two, three)[emit.__code__.co_argcount - 2])

    return mark


def _address(context, builder, kind, values, machine):
    """Point at a place of an array: the first two of the values."""
    data = context.make_array(kind)(context, builder, values[0]).data
    return builder.bitcast(builder.gep(data, [values[1]]), machine.as_pointer())


@intrinsic
def load(_, array, place):
    """Take the vector that begins at a place of an array."""
    bits = array.dtype.bitwidth
    result = FLOATS if array.dtype == types.float32 else SHORTS

    def emit(context, builder, signature, values):
        held = _BYTES if bits == 8 else result.machine
        vector = builder.load(_address(context, builder, signature.args[0], values, held))
        vector.align = bits // 8
        return builder.sext(vector, result.machine) if bits == 8 else vector

    return result(array, place), emit


@intrinsic
def store(_, array, place, vector):
    """Write a vector to a place of an array."""

    def emit(context, builder, signature, values):
        kind, _, written = signature.args
        where = _address(context, builder, kind, values, written.machine)
        builder.store(values[2], where).align = kind.dtype.bitwidth // 8
        return context.get_dummy_value()

    return types.void(array, place, vector), emit


def _places(places: list[int]) -> ir.Constant:
    return ir.Constant(ir.VectorType(_INT, len(places)), places)


def _repeat(builder, value, lanes: int):
    empty = ir.Constant(ir.VectorType(value.type, lanes), ir.Undefined)
    first = builder.insert_element(empty, value, ir.Constant(_INT, 0))
    return builder.shuffle_vector(first, first, _places([0] * lanes))


@_instruction(SHORTS)
def shorts(builder, value):
    """Repeat one number of 16 bits."""
    return _repeat(builder, value, 16)


@_instruction(FLOATS)
def _floats(builder, value):
    return _repeat(builder, value, 4)


@_instruction(FLOATS)
def triple(builder, x, y, z):
    """Join three floats; the fourth is zero."""
    vector = ir.Constant(FLOATS.machine, [0.0] * 4)
    for place, value in enumerate((x, y, z)):
        vector = builder.insert_element(vector, value, ir.Constant(_INT, place))
    return vector


@_instruction(SHORTS)
def clip(builder, vector, low, high):
    """Hold 16-bit numbers between two bounds."""
    low, high = _repeat(builder, low, 16), _repeat(builder, high, 16)
    above = builder.select(builder.icmp_signed(">", vector, low), vector, low)
    return builder.select(builder.icmp_signed("<", above, high), above, high)


@_instruction(FLOATS)
def positive(builder, vector):
    """Put zero in place of what is below it, of floats."""
    zero = ir.Constant(vector.type, [0.0] * 4)
    return builder.select(builder.fcmp_ordered(">", vector, zero), vector, zero)


@_instruction(SHORTS)
def multiply_high(builder, x, y):
    """Multiply 16-bit numbers and keep the upper 16 bits of each product."""
    product = builder.mul(builder.sext(x, _WIDE), builder.sext(y, _WIDE))
    return builder.trunc(builder.ashr(product, ir.Constant(_WIDE, [16] * 16)), x.type)


@intrinsic
def multiply_pairs(_, x, y):
    """Multiply 16-bit numbers and add each two products that are neighbours, in 32 bits.

    LLVM finds the instruction for it only where it does not know that numbers are above zero.
    """

    def emit(context, builder, _, values):
        machine, _, features = context.codegen().magic_tuple()
        if machine.startswith("x86_64") and "+avx2" in features:
            return _call(builder, "llvm.x86.avx2.pmadd.wd", INTS.machine, values)
        product = builder.mul(*(builder.sext(value, _WIDE) for value in values))
        even, odd = (_places(list(range(first, 16, 2))) for first in (0, 1))
        pairs = (builder.shuffle_vector(product, product, places) for places in (even, odd))
        return builder.add(*pairs)

    return INTS(x, y), emit


def _call(builder, name: str, result, values):
    kind = ir.FunctionType(result, [value.type for value in values])
    return builder.call(get_or_insert_function(builder.module, kind, name), values)


@_instruction(FLOATS)
def totals(builder, x, y, z):
    """Sum each of three vectors of 32-bit numbers; the fourth sum is zero."""

    def join(first, second):  # add neighbours, within each half of the register
        even, odd = _places([0, 2, 8, 10, 4, 6, 12, 14]), _places([1, 3, 9, 11, 5, 7, 13, 15])
        return builder.add(*(builder.shuffle_vector(first, second, p) for p in (even, odd)))

    four = join(join(x, y), join(z, ir.Constant(z.type, [0] * 8)))
    halves = (builder.shuffle_vector(four, four, _places(p)) for p in ([0, 1, 2, 3], [4, 5, 6, 7]))
    return builder.sitofp(builder.add(*halves), FLOATS.machine)


@intrinsic
def letters(_, buffer, start, end):
    """Look at the ASCII letters that stand between two places, up to sixteen of them."""
    result = types.Tuple((types.int64, types.uint64, types.uint64, types.int64, types.boolean))

    def emit(context, builder, signature, values):
        _, start, end = values
        where = _address(context, builder, signature.args[0], values, _BYTES)
        found = builder.load(where)
        found.align = 1
        return context.make_tuple(
            builder, result, _letters(builder, found, builder.sub(end, start))
        )

    return result(buffer, start, end), emit


def _letters(builder, found, left):
    small = builder.or_(found, _bytes(0x20))
    is_letter = builder.icmp_unsigned("<", builder.sub(small, _bytes(97)), _bytes(26))
    others = builder.or_(_bits(builder, builder.not_(is_letter)), ir.Constant(_LONG, 1 << 16))
    count = builder.cttz(others, ir.Constant(ir.IntType(1), 1))
    count = builder.select(builder.icmp_signed("<", count, left), count, left)
    length = _repeat(builder, builder.trunc(count, ir.IntType(8)), 16)
    kept = builder.icmp_unsigned("<", ir.Constant(_BYTES, list(range(16))), length)
    small = builder.select(kept, small, _bytes(0))
    is_capital = builder.icmp_unsigned("==", builder.and_(found, _bytes(0x20)), _bytes(0))
    capitals = builder.ctpop(_bits(builder, builder.and_(kept, is_capital)))
    same = builder.icmp_unsigned("!=", small, _bytes(0))
    for step in (1, 2):  # the letters after each letter, and zeros after the last
        after = builder.shuffle_vector(small, _bytes(0), _places([n + step for n in range(16)]))
        same = builder.and_(same, builder.icmp_unsigned("==", small, after))
    stretched = builder.icmp_unsigned("!=", _bits(builder, same), ir.Constant(_LONG, 0))
    halves = builder.bitcast(small, ir.VectorType(_LONG, 2))
    low, high = (builder.extract_element(halves, ir.Constant(_INT, half)) for half in (0, 1))
    return [count, low, high, capitals, stretched]


def _bytes(value: int) -> ir.Constant:
    return ir.Constant(_BYTES, [value] * 16)


def _bits(builder, truths):
    return builder.zext(builder.bitcast(truths, ir.IntType(16)), _LONG)


def _sign(sign, of_integers, of_fractions=None):
    """Let a sign of arithmetic stand between two vectors, or a vector and a number."""

    @_instruction(SHORTS)
    def of_shorts(builder, x, y):
        if not isinstance(y.type, ir.VectorType):
            y = _repeat(builder, builder.trunc(y, ir.IntType(16)), 16)
        return getattr(builder, of_integers)(x, y)

    @_instruction(INTS)
    def of_ints(builder, x, y):
        return getattr(builder, of_integers)(x, y)

    @_instruction(FLOATS)
    def of_floats(builder, x, y):
        if not isinstance(y.type, ir.VectorType):
            y = _repeat(builder, y, 4)
        return getattr(builder, of_fractions)(x, y)

    chosen = {"short": of_shorts, "int": of_ints, "float": of_floats}

    @overload(sign)
    def infer(x, y):
        emit = chosen[x.element] if isinstance(x, Vector) else None
        return emit and (lambda x, y: emit(x, y))


_sign(operator.add, "add", "fadd")
_sign(operator.sub, "sub", "fsub")
_sign(operator.mul, "mul", "fmul")
_sign(operator.lshift, "shl")
_sign(operator.rshift, "ashr")
