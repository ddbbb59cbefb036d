// A report as the form that is sent.

/**
 * @param {import("./draft.js").Draft} draft
 * @param {File[]} photos
 * @param {string} channel
 * @returns {FormData}
 */
export function reportForm(draft, photos, channel) {
  const { place, category, text, address, name, phone } = draft.content;
  const fields = {
    client_id: draft.clientId,
    category,
    text: text.trim(),
    lon: place.lon,
    lat: place.lat,
    coord: "wgs84",
    accuracy: place.accuracy ?? "",
    address: address.trim(),
    channel,
    "reporter.name": name.trim(),
    "reporter.phone": phone.trim(),
  };
  const form = new FormData();
  for (const [field, value] of Object.entries(fields)) {
    if (value !== "") {
      form.append(field, String(value));
    }
  }
  photos.forEach((photo) => form.append("photos", photo, photo.name));
  return form;
}
