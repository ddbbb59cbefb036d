// Photos of the report: chosen, made smaller, shown, removed; and where they were taken.

import { BYTES_NEEDED, photoPlace } from "./exif.js";
import { newId } from "./identity.js";
import { dropPhoto, dropPhotos, keepPhoto, keptPhoto } from "./photo_store.js";

// What the site keeps of a photo; more is only sent in vain.
const LONGEST_SIDE = 1600;
const AS_IT_IS_BELOW = 600 * 1024;
const TAKEN_BY_THE_SITE = ["image/jpeg", "image/png", "image/webp"];

/**
 * @param {object} elements
 * @param {HTMLInputElement} elements.file
 * @param {HTMLElement} elements.list
 * @param {HTMLElement} elements.status
 * @param {HTMLTemplateElement} elements.tile
 * @param {object} options
 * @param {number} options.max
 * @param {(keys: string[]) => void} options.onChange
 * @param {(place: {lon: number, lat: number, takenAt: string | null}) => void} options.onPlace
 * @param {() => void} options.onNotKept  told when the browser keeps no photos
 */
export function photoPicker({ file, list, status, tile }, { max, onChange, onPlace, onNotKept }) {
  /** @type {Map<string, File>} */
  const chosen = new Map();

  async function add(files) {
    const room = max - chosen.size;
    const said = files.length > room ? [`最多 ${max} 张，多出的 ${files.length - room} 张没有加`] : [];
    status.textContent = "正在读取照片…";
    for (const original of files.slice(0, room)) {
      const place = photoPlace(await original.slice(0, BYTES_NEEDED).arrayBuffer());
      const photo = await smaller(original);
      if (photo === null) {
        said.push(`${original.name} 不是能识别的照片`);
        continue;
      }
      const key = newId();
      chosen.set(key, photo);
      show(key, photo);
      await keepPhoto(key, photo).catch(onNotKept);
      if (place) {
        onPlace(place);
      }
    }
    status.textContent = said.join(";");
    told();
  }

  function told() {
    file.disabled = chosen.size >= max;
    onChange([...chosen.keys()]);
  }

  function show(key, photo) {
    const item = tile.content.firstElementChild.cloneNode(true);
    const image = item.querySelector("img");
    image.src = URL.createObjectURL(photo);
    image.alt = `已选照片 ${photo.name}`;
    item.querySelector("button").addEventListener("click", () => {
      URL.revokeObjectURL(image.src);
      chosen.delete(key);
      item.remove();
      status.textContent = `已移除，还有 ${chosen.size} 张`;
      told();
      file.focus();
      dropPhoto(key).catch(onNotKept);
    });
    list.append(item);
  }

  file.addEventListener("change", () => {
    const files = [...file.files];
    file.value = "";
    add(files);
  });

  return {
    /** @returns {File[]} */
    files: () => [...chosen.values()],
    /** Show again what was kept. @param {string[]} keys */
    async restore(keys) {
      for (const key of keys) {
        const photo = await keptPhoto(key).catch(() => null);
        if (photo) {
          chosen.set(key, photo);
          show(key, photo);
        }
      }
      if (chosen.size < keys.length) {
        status.textContent = "有照片没能保存下来，请重新选择";
        told();
      }
      file.disabled = chosen.size >= max;
    },
    clear() {
      chosen.clear();
      list.replaceChildren();
      status.textContent = "";
      file.disabled = false;
      dropPhotos().catch(onNotKept);
    },
  };
}

/**
 * The photo at the size the site keeps, as JPEG; the original where it is small already.
 *
 * @param {File} photo
 * @returns {Promise<File | null>} null when neither the browser nor the site can read it
 */
async function smaller(photo) {
  const accepted = TAKEN_BY_THE_SITE.includes(photo.type);
  if (accepted && photo.size <= AS_IT_IS_BELOW) {
    return photo;
  }
  let picture;
  try {
    picture = await createImageBitmap(photo, { imageOrientation: "from-image" });
  } catch {
    return accepted ? photo : null; // the site says itself what it cannot read
  }
  const scale = Math.min(1, LONGEST_SIDE / Math.max(picture.width, picture.height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.round(picture.width * scale);
  canvas.height = Math.round(picture.height * scale);
  canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
  picture.close();
  const jpeg = await new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", 0.85));
  const name = photo.name.replace(/\.\w+$/, "") || "photo";
  return jpeg && new File([jpeg], `${name}.jpg`, { type: "image/jpeg" });
}
