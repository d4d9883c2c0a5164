package flac

// frame is one decoded frame; its memory is used again for the next.
type frame struct {
	header
	interleaved []int32

	bits  bitReader
	plane [8][]int64 // a channel each; 64 bits, for the side channel of 32-bit audio has 33
}

// parse decodes the frame b begins with and returns its length in bytes. It
// returns errShort when b ends before the frame does, unless damage shows first.
func (f *frame) parse(b []byte, in info) (int, error) {
	n, err := f.header.parse(b, in)
	if err != nil {
		return 0, err
	}
	f.bits = bitReader{b: b, at: n}
	for c := range f.channels {
		if cap(f.plane[c]) < f.block {
			f.plane[c] = make([]int64, f.block)
		}
		f.plane[c] = f.plane[c][:f.block]
		width := f.header.bits
		if f.assignment == leftSide && c == 1 || f.assignment == rightSide && c == 0 || f.assignment == midSide && c == 1 {
			width++ // a difference needs one bit more
		}
		if err := f.subframe(f.plane[c], width); err != nil {
			return 0, err
		}
	}
	end := f.bits.align()
	if end+2 > len(b) {
		return 0, errShort
	}
	if crc16(b[:end]) != uint16(b[end])<<8|uint16(b[end+1]) {
		return 0, errDamage
	}
	f.decorrelate()
	f.interleave()
	return end + 2, nil
}

// decorrelate makes left and right of what the encoder stored (RFC 9639 §4.2).
func (f *frame) decorrelate() {
	a, b := f.plane[0], f.plane[1]
	switch f.assignment {
	case leftSide:
		for i := range b {
			b[i] = a[i] - b[i]
		}
	case rightSide:
		for i := range a {
			a[i] += b[i]
		}
	case midSide:
		for i := range a {
			mid, side := a[i]<<1|b[i]&1, b[i]
			a[i], b[i] = (mid+side)>>1, (mid-side)>>1
		}
	}
}

func (f *frame) interleave() {
	n := f.block * f.channels
	if cap(f.interleaved) < n {
		f.interleaved = make([]int32, n)
	}
	f.interleaved = f.interleaved[:n]
	for c := range f.channels {
		for i, v := range f.plane[c] {
			f.interleaved[i*f.channels+c] = int32(v)
		}
	}
}

// subframe decodes one channel (RFC 9639 §9.2):
//
//	0:1 type:6 wasted bits:1+ content
func (f *frame) subframe(dst []int64, width int) error {
	h := f.bits.read(8)
	if h&0x80 != 0 {
		return errDamage
	}
	kind, wasted := int(h>>1&63), 0
	if h&1 != 0 {
		wasted = int(f.bits.unary(width)) + 1
	}
	if width -= wasted; width <= 0 {
		return f.bits.failure(errDamage)
	}
	var err error
	switch {
	case kind == 0:
		v := f.bits.signed(width)
		for i := range dst {
			dst[i] = v
		}
	case kind == 1:
		for i := range dst {
			dst[i] = f.bits.signed(width)
		}
	case kind >= 8 && kind <= 12:
		err = f.fixed(dst, width, kind-8)
	case kind >= 32:
		err = f.linear(dst, width, kind-31)
	default:
		return errDamage
	}
	if err != nil {
		return err
	}
	if wasted > 0 {
		for i := range dst {
			dst[i] <<= wasted
		}
	}
	return f.bits.failure(nil)
}

// warmUp reads the samples a predictor of the given order starts from.
func (f *frame) warmUp(dst []int64, width, order int) error {
	if order > len(dst) {
		return errDamage
	}
	for i := range order {
		dst[i] = f.bits.signed(width)
	}
	return f.bits.failure(nil)
}

// fixed decodes a fixed predictor: a polynomial through the last samples (§9.2.5).
func (f *frame) fixed(dst []int64, width, order int) error {
	if err := f.warmUp(dst, width, order); err != nil {
		return err
	}
	if err := f.residual(dst, order); err != nil {
		return err
	}
	for i := order; i < len(dst); i++ {
		switch order {
		case 1:
			dst[i] += dst[i-1]
		case 2:
			dst[i] += 2*dst[i-1] - dst[i-2]
		case 3:
			dst[i] += 3*dst[i-1] - 3*dst[i-2] + dst[i-3]
		case 4:
			dst[i] += 4*dst[i-1] - 6*dst[i-2] + 4*dst[i-3] - dst[i-4]
		}
	}
	return nil
}

// linear decodes a linear predictor with coefficients of its own (§9.2.6).
func (f *frame) linear(dst []int64, width, order int) error {
	if err := f.warmUp(dst, width, order); err != nil {
		return err
	}
	precision := int(f.bits.read(4)) + 1
	shift := f.bits.signed(5)
	if precision == 16 || shift < 0 {
		return f.bits.failure(errDamage)
	}
	var coefficients [32]int64
	for i := range order {
		coefficients[order-1-i] = f.bits.signed(precision)
	}
	if err := f.residual(dst, order); err != nil {
		return err
	}
	c := coefficients[:order]
	for i := order; i < len(dst); i++ {
		var sum int64
		for j, v := range dst[i-order : i] {
			sum += c[j] * v
		}
		dst[i] += sum >> shift
	}
	return nil
}

// residual reads what the predictor missed, Rice coded in partitions (§9.2.7):
//
//	method:2 partition order:4 { parameter:4|5 values } …
func (f *frame) residual(dst []int64, order int) error {
	method, power := f.bits.read(2), f.bits.read(4)
	if method > 1 {
		return errDamage
	}
	parameterBits := 4 + int(method)
	partition := len(dst) >> power
	if partition<<power != len(dst) || partition < order {
		return f.bits.failure(errDamage)
	}
	for i := range 1 << power {
		part := dst[i*partition : (i+1)*partition]
		if i == 0 {
			part = part[order:]
		}
		k := int(f.bits.read(parameterBits))
		if k == 1<<parameterBits-1 { // not coded at all
			width := int(f.bits.read(5))
			for j := range part {
				part[j] = f.bits.signed(width)
			}
		} else {
			f.bits.rice(part, k)
		}
		if err := f.bits.failure(nil); err != nil {
			return err
		}
	}
	return nil
}
