package compose

// Piece is one track of the album.
type Piece struct {
	File   string // name without extension
	Title  string
	Colour [2]uint32 // of its cover: paper and ink, 0xRRGGBB
	Render func() []float32
}

// Album, Artist and Year are what the tags say.
const (
	Album  = "Songs for a Street Corner"
	Artist = "Busker"
	Year   = "2026"
)

// Pieces returns the album in order.
func Pieces() []Piece {
	return []Piece{
		{"01-cobblestone-waltz", "Cobblestone Waltz", [2]uint32{0x2f5d50, 0xf3d9a4}, waltz},
		{"02-last-tram-home", "Last Tram Home", [2]uint32{0x33306b, 0xff8f6b}, groove},
		{"03-fog-on-the-harbour", "Fog on the Harbour", [2]uint32{0x29506d, 0xbfe0e2}, ambient},
		{"04-pocket-arcade", "Pocket Arcade", [2]uint32{0x7b2d43, 0xffd35c}, chiptune},
	}
}

// waltz: plucked strings in D minor, three in a bar at 144.
func waltz() []float32 {
	const beat, bar = 60.0 / 144, 3 * 60.0 / 144
	var s stage
	accompaniment := chords(`
		D3+A3+D4+F4 D3+A3+D4+F4 G2+Bb3+D4+G4 G2+Bb3+D4+G4 A2+G3+C#4+E4 A2+G3+C#4+E4 D3+A3+D4+F4 A2+G3+C#4+E4
		D3+A3+D4+F4 D3+A3+C4+F#4 G2+Bb3+D4+G4 C3+Bb3+C4+E4 F2+A3+C4+F4 Bb2+Bb3+D4+F4 A2+G3+C#4+E4 D3+A3+D4+F4
		F2+A3+C4+F4 C3+G3+C4+E4 D3+A3+D4+F4 A2+A3+C4+E4 Bb2+Bb3+D4+F4 F2+A3+C4+F4 A2+G3+C#4+E4 D2+A3+D4+F4`)
	for i, c := range accompaniment {
		at := float64(i) * bar
		s.play(pluck(c[0], 1.6, 0.35, noise(11+i)), at, 1.6, 0.55, -0.15, 0.2)
		for b := 1; b <= 2; b++ {
			for j, p := range c[1:] { // a strum: each string a little later
				when := at + float64(b)*beat + 0.009*float64(j)
				s.play(pluck(p, 0.8, 0.5, noise(100*i+10*b+j+1)), when, 0.8, 0.2, -0.45, 0.25)
			}
		}
	}
	tune := melody(`
		A4/1 D5/1 E5/1 | F5/2 E5/1 | D5/1 G5/1 A5/1 | Bb5/2 A5/1 | G5/1 E5/1 C#5/1 | A4/2 E5/1 | F5/1 E5/1 D5/1 | C#5/2 A4/1
		A4/1 D5/1 E5/1 | F#5/2 A5/1 | Bb5/1 A5/1 G5/1 | E5/2 G5/1 | A5/1 G5/1 F5/1 | D5/2 F5/1 | E5/1 C#5/1 E5/1 | D5/3
		C6/1.5 Bb5/.5 A5/1 | G5/2 E5/1 | F5/1.5 G5/.5 A5/1 | E5/3 | D5/1 F5/1 Bb5/1 | A5/2 F5/1 | E5/1 G5/.5 F5/.5 C#5/1 | D5/3`)
	for i, n := range tune {
		length := n.lasting*beat + 0.6
		s.play(pluck(n.pitch, length, 0.55, noise(5000+i)), n.at*beat, length, 0.75, 0.3, 0.3)
		if n.at >= 48 { // the last third in octaves
			s.play(pluck(n.pitch-12, length, 0.4, noise(7000+i)), n.at*beat+0.012, length, 0.4, 0.5, 0.3)
		}
	}
	return s.mix(24*bar+2.2, 0.22)
}

// groove: four on the floor in A minor at 120.
func groove() []float32 {
	const beat, bar, bars = 0.5, 2.0, 14
	var s stage
	harmony := chords("A2+A3+C4+E4 F2+A3+C4+F4 C3+G3+C4+E4 G2+G3+B3+D4")
	for i := range bars {
		at, c, quiet := float64(i)*bar, harmony[i%4], i == 8 || i == 9
		for b := range 4 {
			when := at + float64(b)*beat
			if !quiet {
				s.play(kick(), when, 0.45, 0.95, 0, 0)
			}
			if b%2 == 1 && i >= 2 {
				s.play(hiss(0.11, 190, 0.45, noise(31*i+b+1)), when, 0.3, 0.42, 0.08, 0.25)
			}
			s.play(hiss(0.035, 0, 0, noise(57*i+b+1)), when+beat/2, 0.12, 0.4, 0.35, 0.05)
			s.play(bass(c[0]-12, 0.2), when+beat/2, 0.2, 0.8, 0, 0)
			s.play(bass(c[0], 0.12), when+beat*3/4, 0.12, 0.55, 0, 0)
		}
		for _, hit := range []float64{0, 0.75, 1.5, 2.5, 3.25} {
			for j, p := range c[1:] {
				s.play(stab(p+12, 0.3), at+hit*beat, 0.3, 0.15, 0.5*float64(j-1), 0.35)
			}
		}
	}
	tune := melody(`E5/.75 D5/.25 C5/.5 A4/1 C5/.5 D5/1 | C5/1.5 A4/.5 F5/1 E5/1 | G5/.75 E5/.25 D5/.5 E5/1 G5/.5 A5/1 | G5/2 D5/1 B4/1`)
	for _, from := range []float64{4, 10} {
		for _, n := range tune {
			s.play(square(n.pitch, n.lasting*beat, 0.3), from*bar+n.at*beat, n.lasting*beat, 0.2, -0.2, 0.5)
		}
	}
	return s.mix(bars*bar+1.5, 0.14)
}

// ambient: a choir of saws in D, bells falling through it.
func ambient() []float32 {
	const step = 4.6
	var s stage
	harmony := chords("D2+A3+C#4+F#4+E5 B2+A3+D4+F#4+C#5 G2+B3+D4+F#4+A4 A2+A3+D4+E4+B4 B2+F#3+A3+D4+E5 G2+B3+D4+A4+F#5 D2+A3+D4+F#4+A4")
	for i, c := range harmony {
		at := float64(i) * step
		for j, p := range c {
			s.play(pad(p, step*1.7, noise(97*i+j+1)), at, step*1.7, 0.3, 0.75*float64(j-2)/2, 0.6)
		}
		s.play(triangle(c[0], step*1.1), at, step*1.1, 0.12, 0, 0.1)
	}
	scale := []float64{74, 76, 78, 81, 83, 86, 88, 90}
	dice := noise(2026)
	for at := 2.5; at < 29; at += 0.46 * float64(1+int(2.5*(dice.next()+1))) {
		p := scale[int(3.99*(dice.next()+1))]
		s.play(bell(p, 3), at, 3, 0.16+0.05*dice.next(), 0.8*dice.next(), 0.9)
	}
	return s.mix(34, 0.5)
}

// chiptune: two squares, a triangle and noise in C at 160.
func chiptune() []float32 {
	const beat, bar = 60.0 / 160, 4 * 60.0 / 160
	var s stage
	harmony := chords("C4+E4+G4+C5 A3+C4+E4+A4 F3+A3+C4+F4 G3+B3+D4+G4 C4+E4+G4+C5 A3+C4+E4+A4 D4+F4+A4+D5 G3+B3+D4+G4")
	for i := range 16 {
		at, c := float64(i)*bar, harmony[i%8]
		for k := range 16 {
			s.play(square(c[[]int{0, 1, 2, 3, 2, 1, 2, 3}[k%8]]+12, beat/4, 0.25), at+float64(k)*beat/4, beat/4, 0.16, -0.5, 0.1)
		}
		for k, up := range []float64{0, 0, 12, 0, 7, 0, 12, 7} {
			s.play(triangle(c[0]-24+up, beat*0.45), at+float64(k)*beat/2, beat*0.45, 0.6, 0, 0)
		}
		for k := range 4 {
			when := at + float64(k)*beat
			if k%2 == 0 {
				s.play(kick(), when, 0.25, 0.6, 0, 0)
			} else {
				s.play(hiss(0.07, 220, 0.5, noise(19*i+k+1)), when, 0.2, 0.45, 0.1, 0.1)
			}
			s.play(hiss(0.02, 0, 0, noise(43*i+k+1)), when+beat/2, 0.08, 0.3, 0.3, 0)
		}
	}
	tune := melody(`
		G5/.5 E5/.5 C6/1 B5/.5 G5/.5 E5/1 | A5/.5 E5/.5 C5/.5 E5/.5 A5/1 -/1 | F5/.5 A5/.5 C6/1 A5/.5 F5/.5 C5/1 | D5/.5 G5/.5 B5/.5 D6/.5 B5/1 G5/1
		C6/.75 B5/.25 C6/.5 G5/.5 E5/1 G5/1 | A5/.75 G5/.25 A5/.5 E5/.5 C5/1 E5/1 | F5/.5 E5/.5 D5/.5 F5/.5 A5/1 D6/1 | B5/.5 A5/.5 G5/.5 B5/.5 G5/2`)
	for _, n := range tune {
		s.play(square(n.pitch, n.lasting*beat*0.95, 0.5), n.at*beat, n.lasting*beat, 0.34, 0.25, 0.25)
		s.play(square(n.pitch, n.lasting*beat*0.95, 0.5), 8*bar+n.at*beat, n.lasting*beat, 0.34, 0.25, 0.25)
		s.play(square(n.pitch-8-4*float64(int(n.pitch)%2), n.lasting*beat*0.9, 0.125), 8*bar+n.at*beat, n.lasting*beat, 0.1, 0.6, 0.25)
	}
	s.play(square(72, 1.2, 0.5), 16*bar, 1.2, 0.3, 0.25, 0.25)
	s.play(square(76, 1.2, 0.5), 16*bar, 1.2, 0.2, -0.4, 0.25)
	s.play(triangle(48, 1.2), 16*bar, 1.2, 0.6, 0, 0)
	return s.mix(16*bar+2, 0.08)
}
