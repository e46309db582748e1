package browsertest

import (
	"bytes"
	"cmp"
	"image"
	"image/color"
	"image/png"
	"os"
	"slices"

	"github.com/chromedp/cdproto/page"
)

// largest is how many bytes a kept picture may have.
const largest = 150 << 10

// Shot is a picture of what the window shows, as a PNG file.
func (b *Tab) Shot() []byte {
	b.T.Helper()
	quickly := true
	return Call(b, page.CaptureScreenshot, page.CaptureScreenshotParams{OptimizeForSpeed: &quickly}).Data
}

// Image is what the window shows.
func (b *Tab) Image() image.Image {
	b.T.Helper()
	full, err := png.Decode(bytes.NewReader(b.Shot()))
	if err != nil {
		b.T.Fatal(err)
	}
	return full
}

// Keep writes a small picture of what the window shows, with as many colours as there is room for.
func (b *Tab) Keep(file string) {
	b.T.Helper()
	var packed bytes.Buffer
	encoder := png.Encoder{CompressionLevel: png.BestCompression}
	full := b.Image()
	for colours := 64; colours > 16 && (packed.Len() == 0 || packed.Len() > largest); colours /= 2 {
		packed.Reset()
		if err := encoder.Encode(&packed, paletted(full, colours)); err != nil {
			b.T.Fatal(err)
		}
	}
	if packed.Len() > largest {
		b.T.Errorf("%s has %d bytes", file, packed.Len())
	}
	if err := os.WriteFile(file, packed.Bytes(), 0o644); err != nil {
		b.T.Fatal(err)
	}
}

// paletted takes the picture's most frequent colours, and for the others the nearest of these.
func paletted(full image.Image, most int) *image.Paletted {
	counts, bounds := map[color.RGBA]int{}, full.Bounds()
	at := func(x, y int) color.RGBA { return color.RGBAModel.Convert(full.At(x, y)).(color.RGBA) }
	for y := bounds.Min.Y; y < bounds.Max.Y; y++ {
		for x := bounds.Min.X; x < bounds.Max.X; x++ {
			counts[at(x, y)]++
		}
	}
	colours := make([]color.RGBA, 0, len(counts))
	for c := range counts {
		colours = append(colours, c)
	}
	slices.SortFunc(colours, func(a, b color.RGBA) int { return cmp.Compare(counts[b], counts[a]) })
	var palette color.Palette
	for _, c := range colours[:min(most, len(colours))] {
		palette = append(palette, c)
	}
	packed, nearest := image.NewPaletted(bounds, palette), map[color.RGBA]uint8{}
	for y := bounds.Min.Y; y < bounds.Max.Y; y++ {
		for x := bounds.Min.X; x < bounds.Max.X; x++ {
			c := at(x, y)
			index, known := nearest[c]
			if !known {
				index = uint8(palette.Index(c))
				nearest[c] = index
			}
			packed.SetColorIndex(x, y, index)
		}
	}
	return packed
}
