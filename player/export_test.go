package player

// FadeBetween is what decides how long tracks fade.
var FadeBetween = fadeBetween
