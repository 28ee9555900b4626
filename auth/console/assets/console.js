// Shows the button that copies a key. Without this script the key can be selected by hand.
"use strict";
for (const button of document.querySelectorAll("button[data-copies]")) {
	const input = document.getElementById(button.dataset.copies);
	const status = document.getElementById(button.dataset.says);
	if (!navigator.clipboard || !input || !status) continue;
	button.hidden = false;
	button.addEventListener("click", async () => {
		input.select();
		try {
			await navigator.clipboard.writeText(input.value);
			status.textContent = "Copied.";
		} catch {
			status.textContent = "The browser did not allow it: the key is selected, copy it by keyboard.";
		}
	});
}
