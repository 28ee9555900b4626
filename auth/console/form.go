package console

import (
	"html/template"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// A form is what was typed into the fields of a page, and what is wrong with it.
type form struct {
	values   url.Values
	Mistakes []mistake
}

// A mistake is told at its field, and once more at the top of the page.
type mistake struct{ Field, Text string }

// get returns what a field holds, without space around it.
func (f *form) get(name string) string { return strings.TrimSpace(f.values.Get(name)) }

// wrong adds a mistake, unless one of the field is known.
func (f *form) wrong(field, text string) {
	if f.mistake(field) == "" {
		f.Mistakes = append(f.Mistakes, mistake{field, text})
	}
}

func (f *form) mistake(name string) string {
	for _, m := range f.Mistakes {
		if m.Field == name {
			return m.Text
		}
	}
	return ""
}

// pick returns which of the choices a field holds. Anything else is a mistake: it was not offered.
func (f *form) pick(name string, choices []choice) string {
	for _, c := range choices {
		if c.Value == f.values.Get(name) {
			return c.Value
		}
	}
	f.wrong(name, "Choose one of these.")
	return ""
}

// Field returns the field of that name for a template.
func (f *form) Field(name, label, hint string) field {
	return field{Name: name, Label: label, Hint: hint, Value: f.values.Get(name), Mistake: f.mistake(name)}
}

// Choice returns the field of that name, of which choices are offered.
func (f *form) Choice(name, label, hint string, choices []choice) field {
	in := f.Field(name, label, hint)
	for i, c := range choices {
		c.ID = name
		if i > 0 {
			c.ID += "-" + strconv.Itoa(i) // not the value, which could be one of the words that end other IDs
		}
		for _, value := range f.values[name] {
			c.Picked = c.Picked || value == c.Value
		}
		in.Choices = append(in.Choices, c)
	}
	return in
}

// A field is one input of a form with its label.
type field struct {
	Name, Label, Hint, Value, Mistake string
	Choices                           []choice
}

// A choice is one of what a field offers.
type choice struct {
	Value, Text, Hint string
	ID                string
	Picked            bool
}

// Aria returns the attributes that say what belongs to the input. Names of fields are words of ours.
func (in field) Aria() template.HTMLAttr {
	var ids []string
	attrs := ""
	if in.Hint != "" {
		ids = append(ids, in.Name+"-hint")
	}
	if in.Mistake != "" {
		ids = append(ids, in.Name+"-mistake")
		attrs = ` aria-invalid="true"`
	}
	if len(ids) > 0 {
		attrs += ` aria-describedby="` + strings.Join(ids, " ") + `"`
	}
	return template.HTMLAttr(attrs)
}

// lastMoment returns the end of a day, written as a date input sends it.
func lastMoment(date string) (time.Time, bool) {
	day, err := time.Parse(time.DateOnly, date)
	return day.AddDate(0, 0, 1), err == nil && day.Year() >= 2000 && day.Year() < 9999
}
