package find

// edits counts how many letters must be changed, left out, put in or exchanged with their
// neighbour to make q of t: of the whole of t, and of the beginning of t that takes fewest.
// What is more than most may come back as anything above it. (Optimal string alignment.)
func edits(q, t []rune, most int) (whole, begin int) {
	whole = most + 1
	if len(q)-len(t) > most || len(q) > maxRunes || len(t) > maxRunes {
		return whole, whole
	}
	longer := len(t) - len(q)
	if longer > most {
		t = t[:len(q)+most]
	}
	var rows [3][maxRunes + 1]uint8
	for j := range len(t) + 1 {
		rows[0][j] = uint8(j)
	}
	for i := 1; i <= len(q); i++ {
		row, above, before := &rows[i%3], &rows[(i+2)%3], &rows[(i+1)%3]
		row[0] = uint8(i)
		least := row[0]
		for j := 1; j <= len(t); j++ {
			d := min(row[j-1], above[j]) + 1
			if q[i-1] == t[j-1] {
				d = min(d, above[j-1])
			} else {
				d = min(d, above[j-1]+1)
			}
			if i > 1 && j > 1 && q[i-1] == t[j-2] && q[i-2] == t[j-1] {
				d = min(d, before[j-2]+1)
			}
			row[j] = d
			least = min(least, d)
		}
		if int(least) > most+1 { // an exchange may save one
			return whole, whole
		}
	}
	last := &rows[len(q)%3]
	begin = int(last[0])
	for j := range len(t) + 1 {
		begin = min(begin, int(last[j]))
	}
	if longer <= most {
		whole = int(last[len(t)])
	}
	return whole, begin
}
