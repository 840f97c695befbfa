// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Ownable, Ownable2Step} from "@openzeppelin/contracts/access/Ownable2Step.sol";
import {IERC165} from "@openzeppelin/contracts/interfaces/IERC165.sol";
import {IERC2981} from "@openzeppelin/contracts/interfaces/IERC2981.sol";
import {IERC4906} from "@openzeppelin/contracts/interfaces/IERC4906.sol";
import {ERC721} from "@openzeppelin/contracts/token/ERC721/ERC721.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {ContentId} from "./ContentId.sol";
import {IERC7007, IERC7007Updatable, IVerifier} from "./IERC7007.sol";
import {SignedBy} from "./SignedBy.sol";

/// @title The works of one maker
/// @notice One contract a maker: its owner. A token's id follows from the commitment to the prompt (keccak256 over model digest, engine version, seed, parameters and
/// words), so it is known before anything is minted; what it shows is the SHA-256 of its metadata file, one slot, from which the URI is derived.
contract AigcWork is ERC721, EIP712, Ownable2Step, IERC2981, IERC4906, IERC7007, IERC7007Updatable {
    using SignedBy for bytes32;

    /// @notice A promise of the maker: whoever pays may mint this work until then.
    struct Voucher {
        bytes32 commitment;
        bytes32 metadata;
        address to;
        uint256 price;
        uint256 deadline;
    }

    bytes32 private constant VOUCHER =
        keccak256("Voucher(bytes32 commitment,bytes32 metadata,address to,uint256 price,uint256 deadline)");
    uint256 private constant MOST_ROYALTY = 1000;
    /// @dev Stands for the metadata of a work whose vouchers were taken back: no SHA-256 that anybody knows a file of.
    bytes32 private constant TAKEN_BACK = bytes32(uint256(1));

    /// @notice SHA-256 of a token's metadata file.
    mapping(uint256 tokenId => bytes32) public metadataOf;
    /// @notice keccak256 of the content that was attached to a token (ERC-7007); zero if none was.
    mapping(uint256 tokenId => bytes32) public contentOf;
    /// @notice What settles whether a prompt makes some content.
    IVerifier public immutable verifier;
    /// @notice The maker's share of later sales, in hundredths of a percent.
    uint256 public royaltyBps;

    /// @notice The maker took the vouchers of a work back.
    event VouchersCancelled(bytes32 indexed commitment);
    /// @notice The maker's share of later sales changed.
    event RoyaltyChanged(uint256 bps);

    error EmptyDigest();
    error WrongToken(uint256 tokenId, uint256 expected);
    error WrongPayment(uint256 paid, uint256 price);
    error Expired(uint256 deadline);
    error VoucherIsCancelled();
    error NotSignedByMaker();
    error NotForYou(address to, address caller);
    error NotVerified();
    error HasContent(uint256 tokenId);
    error RoyaltyTooHigh(uint256 bps);
    error PaymentFailed();

    constructor(address maker, string memory name_, string memory symbol_, IVerifier verifier_, uint256 royaltyBps_)
        ERC721(name_, symbol_)
        EIP712("Ptah AigcWork", "1")
        Ownable(maker)
    {
        verifier = verifier_;
        _setRoyalty(royaltyBps_);
    }

    /// @notice The id of a commitment's token.
    function tokenIdOf(bytes32 commitment) public pure returns (uint256) {
        return uint256(keccak256(abi.encodePacked(commitment)));
    }

    /// @notice Mints a work to `to`; the maker only.
    /// @param commitment to the prompt
    /// @param metadata SHA-256 of the metadata file
    function mint(address to, bytes32 commitment, bytes32 metadata) external onlyOwner returns (uint256 tokenId) {
        return _mintWork(to, commitment, metadata);
    }

    /// @notice Mints what a voucher promises, for its price, which goes to the maker.
    function redeem(Voucher calldata voucher, bytes calldata signature) external payable returns (uint256 tokenId) {
        if (block.timestamp > voucher.deadline) revert Expired(voucher.deadline);
        if (msg.value != voucher.price) revert WrongPayment(msg.value, voucher.price);
        if (voucher.to != address(0) && voucher.to != msg.sender) revert NotForYou(voucher.to, msg.sender);
        if (metadataOf[tokenIdOf(voucher.commitment)] == TAKEN_BACK) revert VoucherIsCancelled();
        address maker = owner();
        bytes32 digest = voucherDigest(voucher);
        if (!digest.isSignedBy(signature, maker)) revert NotSignedByMaker();
        tokenId = _mintWork(msg.sender, voucher.commitment, voucher.metadata);
        if (msg.value > 0) {
            (bool paid,) = maker.call{value: msg.value}("");
            if (!paid) revert PaymentFailed();
        }
    }

    /// @notice Takes the vouchers of a work back that is not minted yet; the maker may still mint it.
    function cancel(bytes32 commitment) external onlyOwner {
        uint256 tokenId = tokenIdOf(commitment);
        if (_ownerOf(tokenId) != address(0)) revert WrongToken(tokenId, tokenId);
        metadataOf[tokenId] = TAKEN_BACK;
        emit VouchersCancelled(commitment);
    }

    /// @notice What a maker signs (EIP-712).
    function voucherDigest(Voucher calldata voucher) public view returns (bytes32) {
        return _hashTypedDataV4(
            keccak256(abi.encode(VOUCHER, voucher.commitment, voucher.metadata, voucher.to, voucher.price, voucher.deadline))
        );
    }

    /// @notice Moves a token to another metadata file; the maker only, and only while the maker holds it.
    function setMetadata(uint256 tokenId, bytes32 metadata) external onlyOwner {
        if (metadata == 0) revert EmptyDigest();
        if (_requireOwned(tokenId) != owner()) revert NotForYou(_ownerOf(tokenId), msg.sender);
        metadataOf[tokenId] = metadata;
        emit MetadataUpdate(tokenId);
    }

    /// @inheritdoc IERC7007
    /// @dev `prompt` is the 32-byte commitment; anybody may attach what the verifier has settled, once; afterwards only the maker replaces it.
    function addAigcData(uint256 tokenId, bytes calldata prompt, bytes calldata aigcData, bytes calldata proof) external {
        if (contentOf[tokenId] != 0) revert HasContent(tokenId);
        _attach(tokenId, prompt, aigcData, proof);
        emit AigcData(tokenId, prompt, aigcData, proof);
    }

    /// @inheritdoc IERC7007Updatable
    /// @dev The maker only; what replaces the content has to be settled as well.
    function update(bytes calldata prompt, bytes calldata aigcData) external onlyOwner {
        uint256 tokenId = uint256(keccak256(prompt));
        _attach(tokenId, prompt, aigcData, "");
        emit Update(tokenId, prompt, aigcData);
        emit MetadataUpdate(tokenId);
    }

    /// @inheritdoc IERC7007
    function verify(bytes calldata prompt, bytes calldata aigcData, bytes calldata proof) public view returns (bool) {
        return address(verifier) != address(0) && verifier.verify(prompt, aigcData, proof);
    }

    /// @notice Changes the maker's share of later sales.
    function setRoyalty(uint256 bps) external onlyOwner {
        _setRoyalty(bps);
    }

    /// @inheritdoc IERC2981
    function royaltyInfo(uint256, uint256 salePrice) external view returns (address receiver, uint256 amount) {
        return (owner(), (salePrice * royaltyBps) / 10_000);
    }

    /// @notice Where a token's metadata is, derived from its digest.
    function tokenURI(uint256 tokenId) public view override returns (string memory) {
        _requireOwned(tokenId);
        return ContentId.uri(metadataOf[tokenId]);
    }

    /// @notice ERC-165.
    function supportsInterface(bytes4 id) public view override(ERC721, IERC165) returns (bool) {
        return id == type(IERC2981).interfaceId || id == bytes4(0x49064906) || id == type(IERC7007).interfaceId
            || id == type(IERC7007Updatable).interfaceId || super.supportsInterface(id);
    }

    function _mintWork(address to, bytes32 commitment, bytes32 metadata) private returns (uint256 tokenId) {
        if (commitment == 0 || metadata == 0) revert EmptyDigest();
        tokenId = tokenIdOf(commitment);
        metadataOf[tokenId] = metadata;
        _mint(to, tokenId);
    }

    function _attach(uint256 tokenId, bytes calldata prompt, bytes calldata aigcData, bytes memory proof) private {
        _requireOwned(tokenId);
        if (uint256(keccak256(prompt)) != tokenId) revert WrongToken(tokenId, uint256(keccak256(prompt)));
        if (address(verifier) == address(0) || !verifier.verify(prompt, aigcData, proof)) revert NotVerified();
        contentOf[tokenId] = keccak256(aigcData);
    }

    function _setRoyalty(uint256 bps) private {
        if (bps > MOST_ROYALTY) revert RoyaltyTooHigh(bps);
        royaltyBps = bps;
        emit RoyaltyChanged(bps);
    }
}
